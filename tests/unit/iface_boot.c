/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where boot targets come from, in trees that stand for /sys: their order, the tie to the NIC, and which NIC is meant. */
#include "tests/unit/sysfs_tree.h"

#include <errno.h>

#include "iface/boot.h"
#include "tests/unit/ibft_table.h"

static void make_ethernet(const char *kset, unsigned int number, const char *index, const char *mac)
{
	char folder[100];

	snprintf(folder, sizeof(folder), "firmware/%s/ethernet%u", kset, number);
	make_file(folder, "index", index);
	make_file(folder, "flags", "3\n");
	make_file(folder, "mac", mac);
	make_file(folder, "ip-addr", "10.9.0.10\n");
	make_file(folder, "prefix-len", "24\n");
	make_file(folder, "origin", "1\n");
	make_file(folder, "vlan", "0\n");
}

static void make_target(const char *kset, unsigned int number, const char *name, const char *nic)
{
	char folder[100];

	snprintf(folder, sizeof(folder), "firmware/%s/target%u", kset, number);
	make_file(folder, "flags", "3\n");
	make_file(folder, "target-name", name);
	make_file(folder, "ip-addr", "10.9.0.1\n");
	make_file(folder, "port", "3260\n");
	make_file(folder, "nic-assoc", nic);
	make_file(folder, "lun", "00000000\n");
}

static void make_initiator(const char *kset)
{
	char folder[100];

	snprintf(folder, sizeof(folder), "firmware/%s/initiator", kset);
	make_file(folder, "initiator-name", "iqn.2026-01.lab:me\n");
}

static void make_nic(const char *name, const char *mac, const char *driver)
{
	char folder[100], target[100];

	snprintf(folder, sizeof(folder), "class/net/%s", name);
	make_file(folder, "address", mac);
	if (!driver)
		return;
	snprintf(folder, sizeof(folder), "class/net/%s/device", name);
	snprintf(target, sizeof(target), "../../../bus/drivers/%s", driver);
	make_link(folder, "driver", target);
}

static void read_all(struct boot_list *list)
{
	assert_int_equal(boot_read(root, list), 0);
}

static void nothing_is_no_error(void **state)
{
	struct boot_list list;

	read_all(&list);
	assert_int_equal(list.count, 0);
	boot_list_done(&list);
}

static void reads_the_tree(void **state)
{
	struct boot_list list;

	make_initiator("ibft");
	make_ethernet("ibft", 0, "0\n", "52:54:00:00:00:01\n");
	make_ethernet("ibft", 1, "1\n", "52:54:00:00:00:02\n");
	make_target("ibft", 0, "iqn.2026-01.lab:t0\n", "1\n");
	make_target("ibft", 1, "iqn.2026-01.lab:t1\n", "0\n");
	make_nic("eth0", "52:54:00:00:00:01\n", "e1000");
	make_nic("eth1", "52:54:00:00:00:02\n", "e1000");
	make_nic("eth1.5", "52:54:00:00:00:02\n", NULL);
	read_all(&list);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.targets[0].values[BOOT_TARGET_NAME], "iqn.2026-01.lab:t1");
	assert_string_equal(list.targets[0].values[BOOT_NETDEV], "eth0");
	assert_string_equal(list.targets[0].values[BOOT_INITIATOR_NAME], "iqn.2026-01.lab:me");
	assert_string_equal(list.targets[0].values[BOOT_SUBNET_MASK], "255.255.255.0");
	assert_string_equal(list.targets[0].values[BOOT_TRANSPORT], "tcp");
	assert_string_equal(list.targets[1].values[BOOT_TARGET_NAME], "iqn.2026-01.lab:t0");
	assert_string_equal(list.targets[1].values[BOOT_NETDEV], "eth1");
	assert_string_equal(list.targets[1].nic, "ethernet1");
	boot_list_done(&list);
}

/* Flags 0: the firmware did not use it. A target whose NIC is not there is still one. */
static void unused_targets_are_left_out(void **state)
{
	struct boot_list list;

	make_target("ibft", 0, "iqn.2026-01.lab:t0\n", "7\n");
	make_target("ibft", 1, "iqn.2026-01.lab:t1\n", "0\n");
	make_file("firmware/ibft/target1", "flags", "0\n");
	read_all(&list);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.targets[0].target, "target0");
	assert_string_equal(list.targets[0].values[BOOT_MAC], "");
	assert_string_equal(list.targets[0].values[BOOT_NETDEV], "");
	boot_list_done(&list);
}

/* Adapters with two MAC addresses: the firmware's device says which NIC it is. */
static void device_names_the_nic(void **state)
{
	struct boot_list list;

	make_ethernet("ibft", 0, "0\n", "00:10:18:00:00:01\n");
	make_target("ibft", 0, "iqn.2026-01.lab:t0\n", "0\n");
	make_nic("p1", "00:10:18:00:00:00\n", "bnx2x");
	make_folder("firmware/ibft/ethernet0/device/net/p1");
	read_all(&list);
	assert_string_equal(list.targets[0].values[BOOT_NETDEV], "p1");
	assert_string_equal(list.targets[0].values[BOOT_TRANSPORT], "tcp");
	boot_list_done(&list);
	make_file("class/iscsi_transport/bnx2i", "handle", "4660\n");
	make_file("class/iscsi_transport/bnx2i", "caps", "0x1\n");
	read_all(&list);
	assert_string_equal(list.targets[0].values[BOOT_TRANSPORT], "bnx2i");
	boot_list_done(&list);
}

/* firmware/iscsi_bootN belongs to hostN; its targets come after those of the iBFT, so they are printed before. */
static void reads_adapters(void **state)
{
	struct boot_list list;

	make_ethernet("ibft", 0, "0\n", "52:54:00:00:00:01\n");
	make_target("ibft", 0, "iqn.2026-01.lab:t0\n", "0\n");
	make_initiator("iscsi_boot5");
	make_ethernet("iscsi_boot5", 0, "0\n", "00:0e:1e:00:00:01\n");
	make_target("iscsi_boot5", 0, "iqn.2026-01.lab:flash\n", "0\n");
	make_file("class/iscsi_host/host5", "hwaddress", "00:0e:1e:00:00:01\n");
	make_file("class/scsi_host/host5", "proc_name", "qla4xxx\n");
	read_all(&list);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.targets[0].root, "iscsi_boot5");
	assert_string_equal(list.targets[0].values[BOOT_TRANSPORT], "qla4xxx");
	assert_string_equal(list.targets[0].values[BOOT_NETDEV], "");
	assert_string_equal(list.targets[1].root, "ibft");
	boot_list_done(&list);
}

static void write_table(const struct ibft_table *table)
{
	char path[100];
	FILE *file;

	make_folder("firmware/acpi/tables");
	snprintf(path, sizeof(path), "%s/firmware/acpi/tables/iBFT", root);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(table->bytes, 1, IBFT_BYTES, file), IBFT_BYTES);
	fclose(file);
}

static void raw_table_stands_in(void **state)
{
	struct ibft_table table;
	struct boot_list list;

	ibft_make(&table);
	ibft_u16(&table, IBFT_NIC_1 + 96, 5 << 8 | 2 << 3 | 1);
	ibft_sum(&table);
	write_table(&table);
	make_nic("eth0", "52:54:00:00:00:01\n", "e1000");
	make_nic("eth1", "52:54:00:00:00:09\n", "e1000");
	make_folder("bus/pci/devices/0000:05:02.1/net/eth1");
	read_all(&list);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.targets[0].values[BOOT_NETDEV], "eth1");
	assert_string_equal(list.targets[1].values[BOOT_NETDEV], "eth0");
	assert_string_equal(list.targets[1].values[BOOT_SUBNET_MASK], "255.255.255.0");
	boot_list_done(&list);
	make_target("ibft", 0, "iqn.2026-01.lab:tree\n", "0\n");
	read_all(&list);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.targets[0].values[BOOT_TARGET_NAME], "iqn.2026-01.lab:tree");
	boot_list_done(&list);
}

static void damaged_table_is_told(void **state)
{
	struct ibft_table table;
	struct boot_list list;

	ibft_make(&table);
	table.bytes[200] ^= 1;
	write_table(&table);
	assert_int_equal(boot_read(root, &list), -EINVAL);
	assert_int_equal(list.count, 0);
	make_target("iscsi_boot5", 0, "iqn.2026-01.lab:flash\n", "0\n");
	read_all(&list);
	assert_int_equal(list.count, 1);
	boot_list_done(&list);
}

static void open_firmware_goes_first(void **state)
{
	struct boot_list list;

	make_target("ibft", 0, "iqn.2026-01.lab:t0\n", "0\n");
	make_file("firmware/devicetree/base/chosen", "bootpath",
		  "/vdevice/l-lan@3:iscsi,siaddr=10.9.0.1,iname=iqn.2026-01.lab:power,ciaddr=10.9.0.10,subnet-mask=255.255.255.0");
	read_all(&list);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.targets[0].values[BOOT_TARGET_NAME], "iqn.2026-01.lab:power");
	assert_string_equal(list.targets[0].values[BOOT_PREFIX_LEN], "24");
	assert_string_equal(list.targets[0].values[BOOT_TARGET_PORT], "3260");
	boot_list_done(&list);
}

static int make_root(void **state)
{
	snprintf(root, sizeof(root), "/tmp/boot-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, make_root, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TREE(nothing_is_no_error),	IN_TREE(reads_the_tree),      IN_TREE(unused_targets_are_left_out),
		IN_TREE(device_names_the_nic),	IN_TREE(reads_adapters),      IN_TREE(raw_table_stands_in),
		IN_TREE(damaged_table_is_told), IN_TREE(open_firmware_goes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
