/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Kills a writer of the record store at every point of a transaction: runs it once under ptrace to
 * count its stops (each system call entered and left), then once more for each stop, with SIGKILL
 * there. After each, readers must find the old or the new content, whole, and the next writer must
 * get the lock at once, clean up and succeed. Also stops a writer at each point while readers read,
 * checks the order of fsync and rename, and kills writers at random that count upwards. Run by
 * tests/store-kill; prints TAP and a closing count, in which each kill is one case.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/store.h"

#define ROWS 12

enum content {
	CONTENT_OLD,
	CONTENT_NEW,
	CONTENT_BROKEN,
};

/* One transaction to be killed: how the database is before it, and what it does. */
struct scenario {
	const char *name;
	const char
		*old_value; /* of rows 0..ROWS-1; NULL: there is no database, not even its folder */
	int extra_rows;	    /* deleted before, so that the file is mostly free space */
	const char *new_value; /* rows 0..ROWS-1 after */
};

static const struct scenario scenarios[] = {
	{"first transaction", NULL, 0, "first = value\n"},
	{"change all rows", "old = value\n", 0,
	 "new = longer value, does not fit where the old one was\n"},
	{"compact and change", "old = value\n", 2500, "new = value\n"},
};

/* The program's context: where it works, what it has counted. */
struct run {
	char base[64];
	char dir[80];
	char kept[80]; /* a copy of the database before the transaction */
	int line;
	int passed;
	int failed;
};

static void path_of(const char *dir, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", dir, name);
}

static void die(const char *what)
{
	fprintf(stderr, "store-kill: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* One TAP line; @cases is what it counts for. */
static void report(struct run *run, bool is_ok, int cases, const char *text)
{
	printf("%sok %d - %s\n", is_ok ? "" : "not ", ++run->line, text);
	fflush(stdout);
	if (is_ok)
		run->passed += cases;
	else
		run->failed++;
}

static int put_rows(struct store *store, const char *value)
{
	char key[32];
	int i, err = 0;

	for (i = 0; i < ROWS && !err; i++) {
		snprintf(key, sizeof(key), "iqn.2024-01.example:row%d", i);
		err = store_put(store, STORE_NODE, key, value, strlen(value));
	}
	return err;
}

/* The transaction under test: every row gets the new value, one more row comes, one of the other
 * table goes. */
static int transact(const char *dir, const char *value)
{
	struct store *store;
	int err;

	err = store_begin_wait(dir, STORE_WRITE, 0, &store);
	if (err)
		return err;
	err = put_rows(store, value);
	if (!err)
		err = store_put(store, STORE_NODE, "added", value, strlen(value));
	if (!err)
		err = store_delete(store, STORE_DISCOVERY, "removed");
	if (err && err != -ENOENT) {
		store_drop(store);
		return err;
	}
	return store_commit(store);
}

static int make_extra(struct store *store, int count, bool is_delete)
{
	static char value[500];
	char key[32];
	int err = 0;

	memset(value, 'x', sizeof(value));
	while (count-- > 0 && !err) {
		snprintf(key, sizeof(key), "extra%d", count);
		err = is_delete ? store_delete(store, STORE_NODE, key)
				: store_put(store, STORE_NODE, key, value, sizeof(value));
	}
	return err;
}

/* The database before the transaction, made once a scenario in run->kept. */
static int make_old(const struct run *run, const struct scenario *scenario)
{
	struct store *store;
	int err;

	if (!scenario->old_value)
		return 0;
	err = store_begin(run->kept, STORE_WRITE, &store);
	if (!err)
		err = make_extra(store, scenario->extra_rows, false);
	if (!err)
		err = put_rows(store, scenario->old_value);
	if (!err)
		err = store_put(store, STORE_DISCOVERY, "removed", "x", 1);
	if (!err)
		err = make_extra(store, scenario->extra_rows, true);
	return err ? err : store_commit(store);
}

static void remove_dir(const char *dir)
{
	static const char *const names[] = {"openhba.db", "openhba.db.new", "lock"};
	char path[128];
	size_t i;

	for (i = 0; i < 3; i++) {
		path_of(dir, names[i], path);
		unlink(path);
	}
	if (rmdir(dir) < 0 && errno != ENOENT)
		die(dir);
}

/* The store never writes a published file, so a link to it is as good as a copy. */
static void reset(const struct run *run, const struct scenario *scenario)
{
	char from[128], to[128];

	remove_dir(run->dir);
	if (!scenario->old_value)
		return;
	path_of(run->kept, "openhba.db", from);
	path_of(run->dir, "openhba.db", to);
	if (mkdir(run->dir, 0700) < 0 || link(from, to) < 0)
		die("cannot set up the database");
}

/* What a walk found. */
struct census {
	const struct scenario *scenario;
	int old;
	int new;
	int added;
	int strange;
};

static int count_row(struct store *store, const char *key, void *data)
{
	struct census *census = data;
	const char *old = census->scenario->old_value;
	char *value;

	if (store_get(store, STORE_NODE, key, &value, NULL)) {
		census->strange++;
		return 0;
	}
	if (!strcmp(value, census->scenario->new_value))
		*(strcmp(key, "added") ? &census->new : &census->added) += 1;
	else if (old && !strcmp(value, old) && strcmp(key, "added"))
		census->old++;
	else
		census->strange++;
	free(value);
	return 0;
}

static enum content look(const char *dir, const struct scenario *scenario)
{
	struct census census = {.scenario = scenario};
	struct store *store;
	int err, removed;

	if (store_begin(dir, STORE_READ, &store))
		return CONTENT_BROKEN;
	err = store_each(store, STORE_NODE, "", count_row, &census);
	removed = store_get(store, STORE_DISCOVERY, "removed", NULL, NULL);
	store_drop(store);
	if (err || census.strange)
		return CONTENT_BROKEN;
	if (census.new == ROWS && census.added == 1 && !census.old &&removed == -ENOENT)
		return CONTENT_NEW;
	if (census.new || census.added || census.old != (scenario->old_value ? ROWS : 0))
		return CONTENT_BROKEN;
	return removed == (scenario->old_value ? 0 : -ENOENT) ? CONTENT_OLD : CONTENT_BROKEN;
}

/* Nothing but the database and the lock. */
static bool is_tidy(const char *dir)
{
	DIR *list = opendir(dir);
	struct dirent *entry;
	bool is_ok = list != NULL;

	while (list && (entry = readdir(list)))
		is_ok = is_ok && (entry->d_name[0] == '.' || !strcmp(entry->d_name, "openhba.db") ||
				  !strcmp(entry->d_name, "lock"));
	if (list)
		closedir(list);
	return is_ok;
}

/* The next writer: at once, and with success. NULL or what is wrong. */
static const char *follow(const char *dir, const struct scenario *scenario)
{
	struct store *store;
	enum content before = look(dir, scenario);

	if (before == CONTENT_BROKEN)
		return "neither the old nor the new content";
	if (store_begin_wait(dir, STORE_WRITE, 0, &store))
		return "the lock is not free";
	if (store_put(store, STORE_DISCOVERY, "after", "x", 1) || store_commit(store))
		return "the next transaction fails";
	if (!is_tidy(dir))
		return "something is left over";
	if (look(dir, scenario) != before)
		return "the next transaction changed other rows";
	return NULL;
}

static pid_t start(const char *dir, const char *value)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(100);
		raise(SIGSTOP);
		_exit(transact(dir, value) ? 1 : 0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return -1;
	if (ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
		die("PTRACE_SETOPTIONS");
	return pid;
}

/* On to the next entry or exit of a system call; false: the writer has ended, with *ret_status. */
static bool step(pid_t pid, struct __ptrace_syscall_info *ret_info, int *ret_status)
{
	if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0 || waitpid(pid, ret_status, 0) != pid)
		die("PTRACE_SYSCALL");
	if (!WIFSTOPPED(*ret_status))
		return false;
	memset(ret_info, 0, sizeof(*ret_info));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(*ret_info), ret_info) < 0)
		die("PTRACE_GET_SYSCALL_INFO");
	return true;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Kill at stop @at. false: the writer ended before it came there. */
static bool kill_at(const struct run *run, const struct scenario *scenario, int at)
{
	pid_t pid = start(run->dir, scenario->new_value);
	struct __ptrace_syscall_info info;
	int status;

	while (at-- > 0)
		if (!step(pid, &info, &status))
			return false;
	end(pid);
	return true;
}

static void kill_everywhere(struct run *run, const struct scenario *scenario)
{
	int at, failed = 0, found[2] = {0, 0}, turns = 0;
	enum content content, last = CONTENT_OLD;
	const char *wrong;
	char text[160];

	for (at = 1; reset(run, scenario), kill_at(run, scenario, at); at++) {
		content = look(run->dir, scenario);
		wrong = follow(run->dir, scenario);
		if (wrong) {
			printf("# %s: killed at stop %d: %s\n", scenario->name, at, wrong);
			failed++;
			continue;
		}
		found[content]++;
		turns += content != last;
		last = content;
	}
	at--;
	snprintf(text, sizeof(text),
		 "%s: killed at each of %d stops, found %d times the old, %d times the new content",
		 scenario->name, at, found[CONTENT_OLD], found[CONTENT_NEW]);
	report(run, !failed && found[CONTENT_OLD] && found[CONTENT_NEW] && turns == 1, at, text);
}

/* What one undisturbed run shows, stop by stop. */
struct watch {
	int stops;
	int slow;	       /* readers that did not see the old or the new content at once */
	int unlocked;	       /* writers that were let in while this one was about to publish */
	int unsynced;	       /* writes to files since the last fsync */
	bool is_synced_before; /* no such writes at the rename */
	bool is_renamed;
	bool is_synced_after;
};

static bool is_write(const struct __ptrace_syscall_info *info)
{
	return info->entry.nr == SYS_write || info->entry.nr == SYS_pwrite64 ||
	       info->entry.nr == SYS_copy_file_range || info->entry.nr == SYS_ftruncate;
}

static void watch_entry(struct watch *watch, const struct __ptrace_syscall_info *info,
			const char *dir)
{
	struct store *store;

	if (is_write(info))
		watch->unsynced++;
	if (info->entry.nr == SYS_fsync || info->entry.nr == SYS_fdatasync) {
		watch->unsynced = 0;
		watch->is_synced_after = watch->is_renamed;
	}
	if (info->entry.nr != SYS_renameat && info->entry.nr != SYS_renameat2 &&
	    info->entry.nr != SYS_rename)
		return;
	watch->is_renamed = true;
	watch->is_synced_before = watch->unsynced == 0;
	if (store_begin_wait(dir, STORE_WRITE, 20, &store) != -EAGAIN)
		watch->unlocked++;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The writer stands still at each stop while this process reads; a reader that waits for it would
 * wait for ever. */
static void watch_writer(struct run *run, const struct scenario *scenario)
{
	struct __ptrace_syscall_info info;
	struct watch watch = {0};
	int64_t longest_us = 0, start_us;
	char text[160];
	int status;
	pid_t pid;

	reset(run, scenario);
	pid = start(run->dir, scenario->new_value);
	while (step(pid, &info, &status)) {
		watch.stops++;
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			watch_entry(&watch, &info, run->dir);
		start_us = now_us();
		watch.slow += look(run->dir, scenario) == CONTENT_BROKEN;
		if (now_us() - start_us > longest_us)
			longest_us = now_us() - start_us;
	}
	snprintf(text, sizeof(text),
		 "%s: a reader reads at each of %d stops of the writer, longest %lld us",
		 scenario->name, watch.stops, (long long)longest_us);
	report(run, status == 0 && !watch.slow, 1, text);
	snprintf(text, sizeof(text), "%s: synced, renamed, folder synced, locked all the while",
		 scenario->name);
	report(run,
	       watch.is_synced_before && watch.is_renamed && watch.is_synced_after &&
		       !watch.unlocked,
	       1, text);
}

/* Counts upwards for ever; one byte into @fd for each count that was committed. */
static void count_up(const char *dir, int fd)
{
	char text[16], *old;
	struct store *store;
	int count;

	for (;;) {
		if (store_begin_wait(dir, STORE_WRITE, -1, &store))
			_exit(1);
		count = 0;
		if (!store_get(store, STORE_NODE, "count", &old, NULL)) {
			count = atoi(old);
			free(old);
		}
		snprintf(text, sizeof(text), "%d", count + 1);
		if (store_put(store, STORE_NODE, "count", text, strlen(text)) ||
		    store_commit(store) || write(fd, "x", 1) != 1)
			_exit(1);
	}
}

static int read_count(const char *dir)
{
	struct store *store;
	char *value = NULL;
	int count = -1;

	if (store_begin(dir, STORE_READ, &store))
		return -1;
	if (store_get(store, STORE_NODE, "count", &value, NULL) == 0)
		count = atoi(value);
	free(value);
	store_drop(store);
	return count;
}

/* Two writers at a time, killed together after a while that differs each round. */
static void kill_at_random(struct run *run, int rounds)
{
	int fds[2], i, told, count, broken = 0, acked = 0;
	char bytes[65536], text[160];
	pid_t pids[2];

	remove_dir(run->dir);
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		die("pipe");
	for (i = 0; i < rounds; i++) {
		for (told = 0; told < 2; told++) {
			pids[told] = fork();
			if (pids[told] == 0)
				count_up(run->dir, fds[1]);
		}
		nanosleep(&(struct timespec){.tv_nsec = 1000000 + i * 7919 % 9973 * 2000}, NULL);
		end(pids[0]);
		end(pids[1]);
		told = (int)read(fds[0], bytes, sizeof(bytes));
		acked += told > 0 ? told : 0;
		/* A writer killed between its commit and its byte has counted without telling. */
		count = read_count(run->dir);
		if (count < acked || count > acked + 2 * (i + 1))
			broken += acked > 0;
	}
	close(fds[0]);
	close(fds[1]);
	snprintf(text, sizeof(text), "%d writers killed at random: %d counts told, %d stored",
		 2 * rounds, acked, read_count(run->dir));
	report(run, !broken && acked > rounds, 2 * rounds, text);
}

/* A container may forbid it. */
static bool may_trace(void)
{
	pid_t pid = start("/nonexistent", "");

	if (pid > 0)
		end(pid);
	return pid > 0;
}

int main(void)
{
	struct run run = {.line = 0};
	size_t i, count = sizeof(scenarios) / sizeof(scenarios[0]);

	if (!may_trace()) {
		printf("1..0 # SKIP ptrace is not permitted here\nstore-kill: 0 passed, 0 failed, "
		       "1 skipped\n");
		return 0;
	}
	snprintf(run.base, sizeof(run.base), "%s/kill-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(run.base))
		die(run.base);
	snprintf(run.dir, sizeof(run.dir), "%s/db", run.base);
	snprintf(run.kept, sizeof(run.kept), "%s/kept", run.base);
	printf("1..%zu\n", 3 * count + 1);
	for (i = 0; i < count; i++) {
		if (make_old(&run, &scenarios[i]))
			die("cannot make the database");
		kill_everywhere(&run, &scenarios[i]);
		watch_writer(&run, &scenarios[i]);
		remove_dir(run.dir);
		remove_dir(run.kept);
	}
	kill_at_random(&run, 60);
	remove_dir(run.dir);
	rmdir(run.base);
	printf("store-kill: %d passed, %d failed\n", run.passed, run.failed);
	return run.failed ? 1 : 0;
}
