// SPDX-License-Identifier: GPL-2.0-only
/*
 * A load without programs, for User Mode Linux alone, where a system call costs more than the I/O it asks for. Whoever writes
 * "DEVICE read|write random|sequential BYTES DEPTH COUNT" to the parameter `run` comes back when so many requests are done, DEPTH of them
 * in flight; `result` then says "COUNT NS": the requests behind a warm-up of a tenth, and the processor time that the whole machine, which
 * is one process of the host, spent on them. Requests that became free together are submitted together.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>

#define DEPTH_MAX	256
#define BYTES_MAX	(1 << 20)
#define HOST_CLOCK_GETTIME 228
#define HOST_CLOCK_PROCESS_CPUTIME 2

struct load;

struct slot {
	struct llist_node idle;
	struct load *load;
	struct bio bio;
	struct bio_vec *vecs;
};

struct load {
	struct block_device *bdev;
	bool is_write, is_random;
	u32 bytes, depth, count, pages;
	u32 seed;
	sector_t blocks, next;
	struct slot *slots;
	struct llist_head idle;
	wait_queue_head_t woken;
	int error;
};

static DEFINE_MUTEX(running);
static u32 result_count;
static u64 result_ns;

/* The kernel runs as a process of the host, so that this instruction calls the host. */
static u64 host_cpu_ns(void)
{
	struct { long sec, nsec; } now = { };
	long status;

	asm volatile("syscall" : "=a" (status)
		     : "0" (HOST_CLOCK_GETTIME), "D" (HOST_CLOCK_PROCESS_CPUTIME), "S" (&now)
		     : "rcx", "r11", "memory");
	return status ? 0 : now.sec * 1000000000ULL + now.nsec;
}

static void load_ended(struct bio *bio)
{
	struct slot *slot = container_of(bio, struct slot, bio);
	struct load *load = slot->load;

	if (bio->bi_status)
		WRITE_ONCE(load->error, blk_status_to_errno(bio->bi_status));
	bio_uninit(bio);
	if (llist_add(&slot->idle, &load->idle))
		wake_up(&load->woken);
}

/* Random requests leave gaps between them, so that none are merged. */
static sector_t next_block(struct load *load)
{
	if (!load->is_random)
		return load->next++ % load->blocks;
	load->seed = load->seed * 1664525 + 1013904223;
	return (load->seed >> 4) % (load->blocks / 2) * 2;
}

static void load_submit(struct load *load, struct slot *slot)
{
	struct bio *bio = &slot->bio;

	bio_init(bio, load->bdev, slot->vecs, load->pages, load->is_write ? REQ_OP_WRITE | REQ_SYNC | REQ_IDLE : REQ_OP_READ);
	bio->bi_vcnt = load->pages;
	bio->bi_iter.bi_size = load->bytes;
	bio->bi_iter.bi_sector = next_block(load) * (load->bytes >> SECTOR_SHIFT);
	bio->bi_end_io = load_ended;
	submit_bio(bio);
}

/* At most `most` of those that are idle; *ret_done counts what was collected. */
static u32 load_step(struct load *load, u32 most, u32 *ret_done, bool first)
{
	struct llist_node *idle;
	struct slot *slot, *next;
	struct blk_plug plug;
	u32 submitted = 0;

	wait_event(load->woken, !llist_empty(&load->idle));
	idle = llist_del_all(&load->idle);
	blk_start_plug(&plug);
	llist_for_each_entry_safe(slot, next, idle, idle) {
		*ret_done += !first;
		if (submitted < most) {
			load_submit(load, slot);
			submitted++;
		}
	}
	blk_finish_plug(&plug);
	return submitted;
}

static void load_run(struct load *load)
{
	u32 warm = load->count / 10 + load->depth, total = load->count + warm;
	u32 submitted = 0, done = 0, from = 0;
	u64 start = 0;

	submitted = load_step(load, total, &done, true);
	while (done < total && !(READ_ONCE(load->error) && done == submitted)) {
		submitted += load_step(load, READ_ONCE(load->error) ? 0 : total - submitted, &done, false);
		if (!from && done >= warm) {
			from = done;
			start = host_cpu_ns();
		}
	}
	result_ns = host_cpu_ns() - start;
	result_count = done - from;
}

/* ---- making and unmaking ---- */

static void slot_free(struct load *load, struct slot *slot)
{
	u32 i;

	for (i = 0; slot->vecs && i < load->pages && slot->vecs[i].bv_page; i++)
		__free_page(slot->vecs[i].bv_page);
	kfree(slot->vecs);
}

static int slot_fill(struct load *load, struct slot *slot)
{
	u32 i;

	slot->load = load;
	slot->vecs = kcalloc(load->pages, sizeof(*slot->vecs), GFP_KERNEL);
	for (i = 0; slot->vecs && i < load->pages; i++) {
		slot->vecs[i].bv_len = min_t(u32, PAGE_SIZE, load->bytes - i * PAGE_SIZE);
		slot->vecs[i].bv_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!slot->vecs[i].bv_page)
			return -ENOMEM;
	}
	llist_add(&slot->idle, &load->idle);
	return slot->vecs ? 0 : -ENOMEM;
}

static int load_with_slots(struct load *load)
{
	u32 i;
	int error = 0;

	load->slots = kcalloc(load->depth, sizeof(*load->slots), GFP_KERNEL);
	if (!load->slots)
		return -ENOMEM;
	for (i = 0; i < load->depth && !error; i++)
		error = slot_fill(load, &load->slots[i]);
	if (!error)
		load_run(load);
	for (i = 0; i < load->depth; i++)
		slot_free(load, &load->slots[i]);
	kfree(load->slots);
	return error ?: load->error;
}

static int load_with_device(struct load *load, const char *path)
{
	fmode_t mode = FMODE_READ | (load->is_write ? FMODE_WRITE : 0);
	int error;

	load->bdev = blkdev_get_by_path(path, mode, NULL);
	if (IS_ERR(load->bdev))
		return PTR_ERR(load->bdev);
	load->blocks = bdev_nr_bytes(load->bdev) / load->bytes;
	error = load->blocks < 2 ? -EINVAL : load_with_slots(load);
	blkdev_put(load->bdev, mode);
	return error;
}

static int run_set(const char *text, const struct kernel_param *param)
{
	struct load load = { .seed = 12345 };
	char path[32], how[8], order[16];
	int error;

	if (sscanf(text, "%31s %7s %15s %u %u %u", path, how, order, &load.bytes, &load.depth, &load.count) != 6)
		return -EINVAL;
	if (!load.bytes || load.bytes > BYTES_MAX || load.bytes % SECTOR_SIZE || !load.depth || load.depth > DEPTH_MAX || !load.count)
		return -EINVAL;
	load.is_write = !strcmp(how, "write");
	load.is_random = !strcmp(order, "random");
	load.pages = DIV_ROUND_UP(load.bytes, PAGE_SIZE);
	init_waitqueue_head(&load.woken);
	mutex_lock(&running);
	error = load_with_device(&load, path);
	mutex_unlock(&running);
	return error;
}

static int result_get(char *page, const struct kernel_param *param)
{
	return sysfs_emit(page, "%u %llu\n", result_count, result_ns);
}

static const struct kernel_param_ops run_ops = { .set = run_set };
static const struct kernel_param_ops result_ops = { .get = result_get };
module_param_cb(run, &run_ops, NULL, 0200);
module_param_cb(result, &result_ops, NULL, 0400);

static int __init bio_load_init(void)
{
	return host_cpu_ns() ? 0 : -ENODEV;
}
module_init(bio_load_init);

static void __exit bio_load_exit(void)
{
}
module_exit(bio_load_exit);

MODULE_DESCRIPTION("Load of bios, measured by the host");
MODULE_LICENSE("GPL v2");
