/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * VLANs of an HBA port, done where a card does them: what leaves the NIC gets the tag of its family, what arrives must have it and loses
 * it. Two small BPF programs on the NIC, made of the settings; so IPv4 and IPv6 may be in different VLANs, or one of them in none,
 * without a device of its own, and the kernel need not have 8021q. ARP goes with IPv4. Called by network_link.c.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/hba/network_parts.h"

#define VLAN_ID 0xfff
#define NO_TAG (-1)

/* The same in both programs: r6 is the frame, r7 the wanted tag (or NO_TAG). */
#define MOVE(to, from) ((struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0})
#define SET(to, number) ((struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, number})
#define AND(to, number) ((struct bpf_insn){BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, number})
#define LOAD(to, field) ((struct bpf_insn){BPF_LDX | BPF_MEM | BPF_W, to, BPF_REG_6, offsetof(struct __sk_buff, field), 0})
#define CALL(function) ((struct bpf_insn){BPF_JMP | BPF_CALL, 0, 0, 0, function})
#define SKIP_IF(reg, number, count) ((struct bpf_insn){BPF_JMP | BPF_JEQ | BPF_K, reg, 0, count, number})
#define SKIP_UNLESS(reg, number, count) ((struct bpf_insn){BPF_JMP | BPF_JNE | BPF_K, reg, 0, count, number})
#define EXIT() ((struct bpf_insn){BPF_JMP | BPF_EXIT, 0, 0, 0, 0})

static int load(const struct bpf_insn *program, size_t count)
{
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SCHED_CLS};
	long fd;

	attr.insns = (uint64_t)(uintptr_t)program;
	attr.insn_cnt = (uint32_t)count;
	attr.license = (uint64_t)(uintptr_t)"GPL";
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	return fd < 0 ? -errno : (int)fd;
}

/* What the kernel calls an EtherType in a frame's field. */
static int32_t ether(uint16_t type)
{
	return __builtin_bswap16(type);
}

static int load_out(int ipv4_tag, int ipv6_tag)
{
	const struct bpf_insn program[] = {
		MOVE(BPF_REG_6, BPF_REG_1),
		LOAD(BPF_REG_2, protocol),
		SET(BPF_REG_7, ipv6_tag),
		SKIP_IF(BPF_REG_2, ether(ETH_P_IPV6), 3),
		SET(BPF_REG_7, ipv4_tag),
		SKIP_IF(BPF_REG_2, ether(ETH_P_IP), 1),
		SKIP_UNLESS(BPF_REG_2, ether(ETH_P_ARP), 6),
		SKIP_IF(BPF_REG_7, NO_TAG, 5),
		MOVE(BPF_REG_1, BPF_REG_6),
		SET(BPF_REG_2, ether(ETH_P_8021Q)),
		MOVE(BPF_REG_3, BPF_REG_7),
		CALL(BPF_FUNC_skb_vlan_push),
		SKIP_UNLESS(BPF_REG_0, 0, 2),
		SET(BPF_REG_0, TC_ACT_OK),
		EXIT(),
		SET(BPF_REG_0, TC_ACT_SHOT),
		EXIT(),
	};

	return load(program, sizeof(program) / sizeof(program[0]));
}

/* The kernel has taken the tag out of the frame before: protocol is that of what is inside. A frame with priority only (0) counts as one
 * of no VLAN. */
static int load_in(int ipv4_tag, int ipv6_tag)
{
	const struct bpf_insn program[] = {
		MOVE(BPF_REG_6, BPF_REG_1),
		LOAD(BPF_REG_2, protocol),
		SET(BPF_REG_7, ipv6_tag < 0 ? 0 : ipv6_tag & VLAN_ID),
		SKIP_IF(BPF_REG_2, ether(ETH_P_IPV6), 1),
		SET(BPF_REG_7, ipv4_tag < 0 ? 0 : ipv4_tag & VLAN_ID),
		SET(BPF_REG_8, 0),
		LOAD(BPF_REG_3, vlan_present),
		SKIP_IF(BPF_REG_3, 0, 4),
		LOAD(BPF_REG_8, vlan_tci),
		AND(BPF_REG_8, VLAN_ID),
		MOVE(BPF_REG_1, BPF_REG_6),
		CALL(BPF_FUNC_skb_vlan_pop),
		{BPF_JMP | BPF_JNE | BPF_X, BPF_REG_7, BPF_REG_8, 2, 0},
		SET(BPF_REG_0, TC_ACT_OK),
		EXIT(),
		SET(BPF_REG_0, TC_ACT_SHOT),
		EXIT(),
	};

	return load(program, sizeof(program) / sizeof(program[0]));
}

int network_vlan_apply(struct network *network)
{
	const struct network_settings *settings = &network->settings;
	int ipv4_tag = settings->ipv4.is_enabled && settings->ipv4.has_vlan ? settings->ipv4.vlan_tag : NO_TAG;
	int ipv6_tag = settings->ipv6.is_enabled && settings->ipv6.has_vlan ? settings->ipv6.vlan_tag : NO_TAG;
	int in_fd, out_fd, error;

	if (ipv4_tag == NO_TAG && ipv6_tag == NO_TAG)
		return network_kernel_programs(network->kernel, network->nic.ifindex, -1, -1);
	in_fd = load_in(ipv4_tag, ipv6_tag);
	out_fd = load_out(ipv4_tag, ipv6_tag);
	error = in_fd < 0 ? in_fd : out_fd < 0 ? out_fd : 0;
	if (!error)
		error = network_kernel_programs(network->kernel, network->nic.ifindex, in_fd, out_fd);
	if (in_fd >= 0)
		close(in_fd);
	if (out_fd >= 0)
		close(out_fd);
	return error;
}
