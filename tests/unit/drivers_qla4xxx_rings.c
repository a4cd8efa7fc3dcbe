/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The request ring filled by many at once: no slot is given out twice or before the firmware is done with it, nothing that is not written
 * is told, nothing that is written is forgotten. And what a chip that writes nonsense into its indices can do: nothing.
 */
#include "tests/unit/qla4xxx_world.h"

#define THREADS		4
#define REQUESTS_EACH	20000
#define ENTRIES_MAX	27

void scsi_done(struct scsi_cmnd *cmd)
{
	fail();
}

static bool claim(unsigned int count, struct ring_claim *ret_claim)
{
	rcu_read_lock();
	*ret_claim = rings_claim(&world.host, count);
	rcu_read_unlock();
	return ret_claim->count;
}

static void consumed(u32 index)
{
	__atomic_store_n(&world.host.rings.shadow->request_out, cpu_to_le32(index), __ATOMIC_SEQ_CST);
}

static void test_gap(void **state)
{
	struct ring_claim first, second;

	assert_true(claim(2, &first));
	assert_true(claim(3, &second));
	rings_publish(&world.host, second, true);
	assert_int_equal(world_doorbell(), 0);
	rings_publish(&world.host, first, true);
	assert_int_equal(world_doorbell(), 5);
}

static void test_later(void **state)
{
	struct ring_claim first, second;

	assert_true(claim(1, &first));
	rings_publish(&world.host, first, false);
	assert_true(claim(1, &second));
	rings_publish(&world.host, second, false);
	assert_int_equal(world_doorbell(), 0);
	rings_kick(&world.host);
	assert_int_equal(world_doorbell(), 2);
}

static void publish_meanwhile(void)
{
	struct ring_claim other;

	assert_true(claim(1, &other));
	rings_publish(&world.host, other, true);
	assert_int_equal(world_doorbell(), 1);
}

/* Somebody else's request is written when the one who tells has looked for it already: he looks again. */
static void test_published_while_telling(void **state)
{
	struct ring_claim own;

	assert_true(claim(1, &own));
	world_on_write = publish_meanwhile;
	rings_publish(&world.host, own, true);
	assert_int_equal(world_doorbell(), 2);
}

static unsigned int fill(void)
{
	struct ring_claim last;
	unsigned int claims = 0;

	while (claim(1, &last)) {
		rings_publish(&world.host, last, true);
		claims++;
	}
	return claims;
}

/* Equal indices mean an empty ring, so that it is never filled. */
static void test_full(void **state)
{
	struct ring_claim more;
	unsigned int claims;

	rings_set_limit(&world.host.rings, 4 * ISP_REQUESTS);
	claims = fill();
	assert_in_range(claims, ISP_REQUESTS - 8, ISP_REQUESTS - 2);
	consumed(10);
	assert_true(claim(10, &more));
	assert_int_equal(rings_entry(&world.host.rings, more, 9) - world.host.rings.requests, (claims + 9) % ISP_REQUESTS);
	assert_false(claim(1, &more));
}

static void test_limit(void **state)
{
	struct ring_claim more;

	rings_set_limit(&world.host.rings, 104);
	assert_int_equal(fill(), 100);
	rings_finished(&world.host.rings, 3);
	assert_false(claim(4, &more));
	assert_true(claim(3, &more));
	assert_false(claim(1, &more));
}

static void test_nonsense_index(void **state)
{
	struct ring_claim more;

	consumed(ISP_REQUESTS);
	assert_false(claim(1, &more));
	consumed(0xffff);
	assert_false(claim(1, &more));
	consumed(0);
	assert_true(claim(1, &more));
}

static void test_closed(void **state)
{
	struct ring_claim more;

	rings_close(&world.host);
	assert_false(claim(1, &more));
	assert_int_equal(world_in_flight(), 0);
	rings_start(&world.host);
	assert_true(claim(1, &more));
}

/* Numbers go on, from the ring's first slot: an older mark is none, and what the firmware had may end before or after. */
static void test_started_again(void **state)
{
	struct ring_claim old, own;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		assert_true(claim(5, &old));
		rings_publish(&world.host, old, true);
	}
	rings_finished(&world.host.rings, 5);
	rings_close(&world.host);
	rings_start(&world.host);
	assert_int_equal(world_doorbell(), 0);
	assert_int_equal(world_in_flight(), 10);
	rings_kick(&world.host);
	assert_int_equal(world_doorbell(), 0);
	assert_true(claim(5, &own));
	assert_ptr_equal(rings_entry(&world.host.rings, own, 0), world.host.rings.requests);
	assert_true(claim(5, &old));
	rings_publish(&world.host, own, true);
	assert_int_equal(world_doorbell(), 5);
	rings_publish(&world.host, old, true);
	assert_int_equal(world_doorbell(), 10);
	rings_finished(&world.host.rings, 20);
	assert_int_equal(world_in_flight(), 0);
}

/* Room is looked for when what there was is used up, and the limit may be another after a start. */
static void test_limit_shrinks(void **state)
{
	struct ring_claim more;

	assert_true(claim(20, &more));
	rings_set_limit(&world.host.rings, 34);
	assert_false(claim(11, &more));
	assert_true(claim(10, &more));
	assert_false(claim(1, &more));
	rings_finished(&world.host.rings, 1);
	assert_true(claim(1, &more));
}

/* --- many at once */

static u64 pattern(u64 number, unsigned int count)
{
	return number << 8 | count;
}

/* Entries tell who wrote them: the first with the number of its slot and the count, those behind with their number. */
static void request(unsigned int count, bool now)
{
	struct ring_claim own;
	unsigned int i;

	for (;;) {
		rcu_read_lock();
		own = rings_claim(&world.host, count);
		if (own.count)
			break;
		rcu_read_unlock();
		rings_kick(&world.host);
		usleep(10);
	}
	for (i = 0; i < count; i++)
		*(u64 *)rings_entry(&world.host.rings, own, i)->bytes = pattern(own.first + i, i ? 0 : count);
	rings_publish(&world.host, own, now);
	rcu_read_unlock();
}

static void *submitter(void *data)
{
	unsigned int seed = (uintptr_t)data, i;

	for (i = 0; i < REQUESTS_EACH; i++)
		request(1 + rand_r(&seed) % ENTRIES_MAX, rand_r(&seed) % 4);
	rings_kick(&world.host);
	return NULL;
}

/* One request out of the ring. */
static u64 take_request(u64 number)
{
	union ring_entry *ring = world.host.rings.requests;
	u64 word = *(u64 *)ring[number % ISP_REQUESTS].bytes;
	unsigned int count = word & 0xff, i;

	assert_int_equal(word >> 8, number);
	assert_in_range(count, 1, ENTRIES_MAX);
	for (i = 1; i < count; i++)
		assert_int_equal(*(u64 *)ring[(number + i) % ISP_REQUESTS].bytes, pattern(number + i, 0));
	for (i = 0; i < count; i++)
		memset(ring[(number + i) % ISP_REQUESTS].bytes, 0xee, ISP_IOCB_SIZE);
	rings_finished(&world.host.rings, count);
	return number + count;
}

static void test_threads(void **state)
{
	pthread_t threads[THREADS];
	unsigned int idle = 0, taken = 0;
	u64 number = 0;
	uintptr_t i;

	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, submitter, (void *)(i + 1)), 0);
	while (taken < THREADS * REQUESTS_EACH) {
		u32 in = world_doorbell();

		/* Nobody rings any more, and not all has come. */
		assert_true(idle++ < 1000000);
		if (in == number % ISP_REQUESTS)
			usleep(10);
		for (; in != number % ISP_REQUESTS; taken++, idle = 0) {
			number = take_request(number);
			consumed(number % ISP_REQUESTS);
		}
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(world_doorbell(), number % ISP_REQUESTS);
	assert_int_equal(world_in_flight(), 0);
}

/* --- the response ring */

static void test_responses(void **state)
{
	union ring_entry passthrough = { .header.type = ISP_IOCB_PASSTHROUGH_STATUS }, ping = { .header.type = ISP_IOCB_MAILBOX_STATUS };

	assert_false(rings_pending(&world.host.rings));
	assert_false(rings_responses(&world.host));
	world_answer(&passthrough);
	world_answer(&ping);
	assert_true(rings_pending(&world.host.rings));
	assert_true(rings_responses(&world.host));
	assert_int_equal(world.passthroughs, 1);
	assert_int_equal(world.pings, 1);
	assert_int_equal(world.host.chip.regs[ISP_REG_RESPONSE_OUT], 2);
	assert_int_equal(*rings_mark(&world.host.rings.responses[1]), cpu_to_le32(ISP_RESPONSE_TAKEN));
	assert_false(rings_pending(&world.host.rings));
	assert_int_equal(world.recoveries, 0);
}

static void test_unknown_type(void **state)
{
	union ring_entry entry = { .header.type = 0x3f };

	world_answer(&entry);
	rings_responses(&world.host);
	assert_int_equal(world.recoveries, 1);
	assert_int_equal(world.host.chip.regs[ISP_REG_RESPONSE_OUT], 1);
}

static void test_nonsense_producer(void **state)
{
	world.host.rings.shadow->response_in = cpu_to_le32(ISP_RESPONSES);
	assert_false(rings_responses(&world.host));
	assert_int_equal(world.recoveries, 1);
	assert_int_equal(world.host.chip.regs[ISP_REG_RESPONSE_OUT], 0);
}

/* The index has come before its entry. */
static void test_not_there_yet(void **state)
{
	world.host.rings.shadow->response_in = cpu_to_le32(1);
	assert_false(rings_responses(&world.host));
	assert_int_equal(world.recoveries, 0);
	world.host.rings.responses[0] = (union ring_entry){ .header.type = ISP_IOCB_PASSTHROUGH_STATUS };
	assert_true(rings_responses(&world.host));
	assert_int_equal(world.passthroughs, 1);
}

static void test_response_wrap(void **state)
{
	union ring_entry entry = { .header.type = ISP_IOCB_PASSTHROUGH_STATUS };
	unsigned int i;

	for (i = 0; i < 3 * ISP_RESPONSES; i++) {
		world_answer(&entry);
		assert_true(rings_responses(&world.host));
	}
	assert_int_equal(world.passthroughs, 3 * ISP_RESPONSES);
	assert_int_equal(world.host.chip.regs[ISP_REG_RESPONSE_OUT], 0);
}

static void test_description(void **state)
{
	u8 acb[ISP_ACB_SIZE] = { 0 };
	struct rings *rings = &world.host.rings;

	rings_describe(&world.host, acb);
	assert_int_equal(field_get(ISP_ACB_ROW_REQUESTS, acb), ISP_REQUESTS);
	assert_int_equal(field_get(ISP_ACB_ROW_RESPONSES, acb), ISP_RESPONSES);
	assert_int_equal(field_get(ISP_ACB_ROW_REQUEST_RING, acb), rings->dma);
	assert_int_equal(field_get(ISP_ACB_ROW_REQUEST_RING, acb) % (ISP_REQUESTS * ISP_IOCB_SIZE), 0);
	assert_ptr_equal((void *)(uintptr_t)field_get(ISP_ACB_ROW_RESPONSE_RING, acb), rings->responses);
	assert_ptr_equal((void *)(uintptr_t)field_get(ISP_ACB_ROW_SHADOW, acb), rings->shadow);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_gap), TEST(test_later), TEST(test_published_while_telling), TEST(test_full), TEST(test_limit),
		TEST(test_nonsense_index), TEST(test_closed), TEST(test_started_again), TEST(test_limit_shrinks), TEST(test_threads), TEST(test_responses), TEST(test_unknown_type),
		TEST(test_nonsense_producer), TEST(test_not_there_yet), TEST(test_response_wrap), TEST(test_description),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
