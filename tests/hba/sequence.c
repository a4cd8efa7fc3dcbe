/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * No write is lost, comes twice or is torn: run in the guest while its disks' adapter goes wrong. Several threads for each disk rewrite
 * blocks of their own, each with a number that grows once the write before was acknowledged, and read a block before they rewrite it. A
 * number that went back is a write that was lost, or an older one that came again. An I/O error is told, and leaves open whether its write
 * was done; what was acknowledged behind it stays for ever.
 *
 * sequence STATE THREADS MIB DISK...: from that offset on, one MiB for each thread, until SIGTERM; then reads all of it once more. STATE is
 * a file that says meanwhile how it goes. 1: something was wrong; I/O errors are counted only.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SECTOR 512
#define SECTOR_WORDS (SECTOR / 8)
#define MAGIC 0x73657175656e6365u
#define SLOTS 8
#define AREA (1u << 20) /* of a thread */
#define THREADS_MAX 64
#define LATE_SECONDS 3 /* for what is late to come, before the last look */
#define STATE_MS 100
#define PACE_MS 40 /* between two rounds of a thread: the guest has other work */
#define REPORTS 40 /* lines, of each thread */

enum verdict { VERDICT_GOOD, VERDICT_BACK, VERDICT_AHEAD, VERDICT_TORN, VERDICT_FOREIGN };

static const char *const verdicts[] = { "good", "went back", "was never written", "is torn", "is not of this place" };

/* A block. number: the last that was acknowledged, 0: none. maybe: the last that ended in an error behind that, 0: none. */
struct slot {
	uint64_t number, maybe;
};

struct worker {
	pthread_t thread;
	const char *disk;
	int fd;
	uint64_t offset; /* of its area */
	uint32_t bytes;	 /* of a block */
	uint64_t *block;
	struct slot slots[SLOTS];
	unsigned int reports;
	_Atomic unsigned long rounds, errors, wrong, longest_ms;
};

static volatile sig_atomic_t is_over;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- what is in a block ------------------------------------------------------------------------------------------------------- */

static uint64_t mixed(uint64_t place, uint64_t number, unsigned int word)
{
	uint64_t x = place * 0x9e3779b97f4a7c15u + number * 0xbf58476d1ce4e5b9u + word;

	x ^= x >> 31;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 29;
}

static void sector_fill(uint64_t *sector, uint64_t place, uint64_t number)
{
	sector[0] = MAGIC;
	sector[1] = place;
	sector[2] = number;
	for (unsigned int word = 3; word < SECTOR_WORDS; word++)
		sector[word] = mixed(place, number, word);
}

static bool sector_is_whole(const uint64_t *sector)
{
	for (unsigned int word = 3; word < SECTOR_WORDS; word++)
		if (sector[word] != mixed(sector[1], sector[2], word))
			return false;
	return true;
}

static void block_fill(uint64_t *block, uint32_t bytes, uint64_t place, uint64_t number)
{
	for (uint32_t at = 0; at < bytes; at += SECTOR)
		sector_fill(block + at / 8, place + at, number);
}

/* All of it was written at once, for this place; ret_number is by which write. */
static enum verdict block_look(const uint64_t *block, uint32_t bytes, uint64_t place, uint64_t *ret_number)
{
	*ret_number = block[2];
	for (uint32_t at = 0; at < bytes; at += SECTOR) {
		const uint64_t *sector = block + at / 8;

		if (sector[0] != MAGIC || sector[1] != place + at)
			return VERDICT_FOREIGN;
		if (sector[2] != *ret_number || !sector_is_whole(sector))
			return VERDICT_TORN;
	}
	return VERDICT_GOOD;
}

/* A write that ended in an error may be there in part: it has not happened for those who read what was before. */
static enum verdict slot_judge(const struct slot *slot, enum verdict look, uint64_t number)
{
	if (look == VERDICT_TORN && slot->maybe)
		return VERDICT_GOOD;
	if (look != VERDICT_GOOD || number == slot->number || (slot->maybe && number == slot->maybe))
		return look;
	return number < slot->number ? VERDICT_BACK : VERDICT_AHEAD;
}

/* --- a thread ----------------------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void report(struct worker *worker, const char *format, ...)
{
	va_list words;
	char line[256];

	if (worker->reports++ >= REPORTS)
		return;
	va_start(words, format);
	vsnprintf(line, sizeof(line), format, words);
	va_end(words);
	printf("%llu ms %s: %s\n", (unsigned long long)now_ms(), worker->disk, line);
	fflush(stdout);
}

static uint64_t place_of(const struct worker *worker, unsigned int slot)
{
	return worker->offset + (uint64_t)slot * worker->bytes;
}

static bool is_done(struct worker *worker, const char *what, uint64_t place, ssize_t done, uint64_t began_ms)
{
	unsigned long took_ms = (unsigned long)(now_ms() - began_ms);

	if (took_ms > worker->longest_ms)
		worker->longest_ms = took_ms;
	if (done == (ssize_t)worker->bytes)
		return true;
	report(worker, "%s of %u bytes at %#llx: %s after %lu ms", what, worker->bytes, (unsigned long long)place,
	       done < 0 ? strerror(errno) : "not all of it", took_ms);
	worker->errors++;
	return false;
}

/* False: an I/O error. */
static bool slot_check(struct worker *worker, unsigned int index)
{
	struct slot *slot = &worker->slots[index];
	uint64_t place = place_of(worker, index), number, began_ms = now_ms();
	enum verdict verdict;

	if (!slot->number)
		return true;
	if (!is_done(worker, "read", place, pread(worker->fd, worker->block, worker->bytes, (off_t)place), began_ms))
		return false;
	verdict = block_look(worker->block, worker->bytes, place, &number);
	verdict = slot_judge(slot, verdict, number);
	if (verdict == VERDICT_GOOD)
		return true;
	worker->wrong++;
	report(worker, "%u bytes at %#llx: number %llu %s, acknowledged is %llu", worker->bytes, (unsigned long long)place,
	       (unsigned long long)number, verdicts[verdict], (unsigned long long)slot->number);
	return true;
}

static bool slot_write(struct worker *worker, unsigned int index)
{
	struct slot *slot = &worker->slots[index];
	uint64_t next = (slot->maybe > slot->number ? slot->maybe : slot->number) + 1;
	uint64_t place = place_of(worker, index), began_ms = now_ms();

	block_fill(worker->block, worker->bytes, place, next);
	if (!is_done(worker, "write", place, pwrite(worker->fd, worker->block, worker->bytes, (off_t)place), began_ms)) {
		slot->maybe = next;
		return false;
	}
	*slot = (struct slot){ .number = next };
	return true;
}

static void worker_round(struct worker *worker)
{
	unsigned int index = (unsigned int)(worker->rounds % SLOTS);

	if (!slot_check(worker, index) || !slot_write(worker, index))
		usleep(100000);
	worker->rounds++;
}

static void worker_last_look(struct worker *worker)
{
	for (unsigned int index = 0; index < SLOTS; index++)
		slot_check(worker, index);
}

static void *work(void *data)
{
	struct worker *worker = data;

	while (!is_over) {
		worker_round(worker);
		usleep(PACE_MS * 1000);
	}
	return NULL;
}

/* --- all of them -------------------------------------------------------------------------------------------------------------- */

struct sums {
	unsigned long least, rounds, errors, wrong, longest_ms;
};

static struct sums sum(const struct worker *workers, unsigned int count)
{
	struct sums sums = { .least = workers->rounds };

	for (const struct worker *worker = workers; worker < workers + count; worker++) {
		if (worker->rounds < sums.least)
			sums.least = worker->rounds;
		sums.rounds += worker->rounds;
		sums.errors += worker->errors;
		sums.wrong += worker->wrong;
		if (worker->longest_ms > sums.longest_ms)
			sums.longest_ms = worker->longest_ms;
	}
	return sums;
}

/* least: rounds of the thread that has the fewest. */
static void sums_print(FILE *file, const struct sums *sums)
{
	fprintf(file, "least=%lu rounds=%lu errors=%lu wrong=%lu longest_ms=%lu\n", sums->least, sums->rounds, sums->errors, sums->wrong,
		sums->longest_ms);
}

static void tell_state(const char *path, const struct worker *workers, unsigned int count)
{
	struct sums sums = sum(workers, count);
	char next[256];
	FILE *file;

	snprintf(next, sizeof(next), "%.250s.new", path);
	file = fopen(next, "w");
	if (!file)
		return;
	sums_print(file, &sums);
	fclose(file);
	rename(next, path);
}

static void on_signal(int signal_number)
{
	(void)signal_number;
	is_over = 1;
}

static bool worker_open(struct worker *worker, const char *disk, unsigned int thread, unsigned int mib)
{
	static const uint32_t sizes[] = { 4096, 131072, 8192, 65536, 4096, 16384, 512, 32768 };

	worker->disk = disk;
	worker->bytes = sizes[thread % (sizeof(sizes) / sizeof(sizes[0]))];
	worker->offset = ((uint64_t)mib + thread) * AREA;
	worker->fd = open(disk, O_RDWR | O_DIRECT | O_CLOEXEC);
	return worker->fd >= 0 && !posix_memalign((void **)&worker->block, 4096, worker->bytes);
}

static int run(const char *state, struct worker *workers, unsigned int count)
{
	struct sums sums;

	for (unsigned int i = 0; i < count; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			return 2;
	while (!is_over) {
		tell_state(state, workers, count);
		usleep(STATE_MS * 1000);
	}
	for (unsigned int i = 0; i < count; i++)
		pthread_join(workers[i].thread, NULL);
	sleep(LATE_SECONDS);
	for (unsigned int i = 0; i < count; i++)
		worker_last_look(&workers[i]);
	sums = sum(workers, count);
	sums_print(stdout, &sums);
	return sums.wrong != 0;
}

int main(int argc, char **argv)
{
	unsigned int threads = argc > 4 ? (unsigned int)atoi(argv[2]) : 0, mib = argc > 4 ? (unsigned int)atoi(argv[3]) : 0;
	unsigned int count = threads * (unsigned int)(argc > 4 ? argc - 4 : 0);
	struct worker *workers;

	if (!count || count > THREADS_MAX) {
		fprintf(stderr, "usage: sequence STATE THREADS MIB DISK...: no more than %u threads\n", THREADS_MAX);
		return 2;
	}
	signal(SIGTERM, on_signal);
	workers = calloc(count, sizeof(*workers));
	for (unsigned int i = 0; workers && i < count; i++) {
		if (!worker_open(&workers[i], argv[4 + i / threads], i % threads, mib)) {
			fprintf(stderr, "sequence: cannot open %s: %s\n", argv[4 + i / threads], strerror(errno));
			return 2;
		}
	}
	return workers ? run(argv[1], workers, count) : 2;
}
