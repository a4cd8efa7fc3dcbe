/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hbafw: every command on images in a folder of its own, what is refused, secrets, JSON, and the list of a /sys made here. Reading a card
 * needs a driver: see tests/lab/suite/hba-tools.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware-tools/hbafw.h"

static char folder[64], image[96], out_text[1 << 20], err_text[1024];

/* Runs a line of words; "IMAGE" is the image's path. Returns the exit status, the streams are in out_text and err_text. */
static int run(const char *line)
{
	char copy[512], sysfs[128], *rest = copy, *words[32] = {0};
	struct hbafw hbafw = {0};
	int count = 0, status;

	snprintf(copy, sizeof(copy), "hbafw %s", line);
	snprintf(sysfs, sizeof(sysfs), "%s/sys", folder);
	while (count < 31 && (words[count] = strsep(&rest, " ")))
		if (!strcmp(words[count++], "IMAGE"))
			words[count - 1] = image;
	memset(out_text, 0, sizeof(out_text));
	memset(err_text, 0, sizeof(err_text));
	hbafw.sysfs = sysfs;
	hbafw.bsg = folder;
	hbafw.out = fmemopen(out_text, sizeof(out_text) - 1, "w");
	hbafw.err = fmemopen(err_text, sizeof(err_text) - 1, "w");
	status = hbafw_run(&hbafw, count, words);
	fclose(hbafw.out);
	fclose(hbafw.err);
	return status;
}

static void says(const char *text)
{
	if (!strstr(out_text, text))
		fail_msg("'%s' is not in: %s%s", text, out_text, err_text);
}

static void says_not(const char *text)
{
	assert_null(strstr(out_text, text));
}

static void refused(const char *line)
{
	assert_int_equal(run(line), HBAFW_FAILED);
	assert_string_equal(out_text, "");
	assert_int_equal(strncmp(err_text, "hbafw: ", 7), 0);
}

static void an_image_has_what_was_asked_for(void **state)
{
	assert_int_equal(run("image create IMAGE --model 4022 --mac 00:c0:dd:0a:0b:0c --mac 00:c0:dd:0a:0b:0f --serial TEST-1"), HBAFW_OK);
	refused("image create IMAGE");
	assert_int_equal(run("image show IMAGE sysinfo --port 1"), HBAFW_OK);
	says("# sysinfo\n");
	says("mac0 = 00:c0:dd:0a:0b:0f\n");
	says("device = 0x00004022\n");
	assert_int_equal(run("image show IMAGE nvram"), HBAFW_OK);
	says("model = QLA4052C\n");
	says("serial = TEST-1\n");
	assert_int_equal(run("image verify IMAGE"), HBAFW_OK);
	says("nothing is wrong");
	unlink(image);
	assert_int_equal(run("image create IMAGE"), HBAFW_OK);
	assert_int_equal(run("show --image IMAGE nvram"), HBAFW_OK);
	says("model = QLE4060C\n");
	says("mac1 = 00:c0:dd:");
	refused("show --image IMAGE --port 1 acb");
	unlink(image);
}

static void a_target_is_set_with_its_credentials(void **state)
{
	assert_int_equal(run("image create IMAGE --ports 2"), HBAFW_OK);
	assert_int_equal(run("image set IMAGE ddb 7 name=iqn.x:disk address=2001:db8::9 chap_index=4 --port 1"), HBAFW_OK);
	assert_int_equal(run("image verify IMAGE"), HBAFW_FINDINGS);
	says("port 1: ddb 7: CHAP is on, and chap_index names no valid entry\n");
	assert_int_equal(run("verify --image IMAGE --json"), HBAFW_FINDINGS);
	says("{\"type\":\"finding\",\"message\":\"port 1: ddb 7: ");
	assert_int_equal(run("image set IMAGE chap 4 name=me secret=0123456789abcdef --port 1"), HBAFW_OK);
	assert_int_equal(run("image verify IMAGE"), HBAFW_OK);
	assert_int_equal(run("show --image IMAGE --port 1 ddb"), HBAFW_OK);
	says("# ddb 7\n");
	says("address = 2001:db8::9\n");
	says("is_ipv6 = on\n");
	says("chap = on\n");
	says_not("# ddb 6");
	assert_int_equal(run("show --image IMAGE --port 1 chap"), HBAFW_OK);
	says("secret = ********\n");
	says("secret_length = 16\n");
	assert_int_equal(run("show --image IMAGE --port 1 chap 4 --secrets"), HBAFW_OK);
	says("secret = 0123456789abcdef\n");
	assert_int_equal(run("show --image IMAGE ddb"), HBAFW_OK);
	assert_string_equal(out_text, "");
	assert_int_equal(run("show --image IMAGE chap 0"), HBAFW_OK);
	says("# chap 0: free\n");
	assert_int_equal(run("show --image IMAGE flash --all"), HBAFW_OK);
	says("# ddb 63: free\n");
	unlink(image);
}

static void the_eeprom_stays_sound(void **state)
{
	assert_int_equal(run("image create IMAGE"), HBAFW_OK);
	assert_int_equal(run("image set IMAGE nvram boot_flags1=0x108 boot_target1=0x83"), HBAFW_OK);
	assert_int_equal(run("image verify IMAGE"), HBAFW_OK);
	assert_int_equal(run("dump --image IMAGE nvram"), HBAFW_OK);
	says("000003b0: 08 01 83 00");
	unlink(image);
}

static void nonsense_changes_nothing(void **state)
{
	static const char *const lines[] = {
		"image set IMAGE acb mtu",	      "image set IMAGE acb nothing=1",	    "image set IMAGE acb mtu=1 mtu=99999",
		"image set IMAGE ddb name=x",	      "image set IMAGE ddb 64 port=1",	    "image set IMAGE ddb 1",
		"image set IMAGE flash mtu=1",	      "image set IMAGE acb mtu=1 --port 1", "show --image IMAGE nothing",
		"show --image IMAGE ddb 64",	      "show --image IMAGE ddb x",	    "show --image IMAGE flash 1",
		"show acb",			      "show --host 1 --image IMAGE acb",    "show --host 1 --port 0 acb",
		"show --host 99 acb",		      "dump --image IMAGE flash 0x05000000", "dump --image IMAGE flash 0x07000000 1",
		"dump --image IMAGE flash 0x05008000 1", "dump --image IMAGE ddb 0 1",	    "dump --host 99 flash 0 1",
		"list --secrets",		      "list more",			    "image",
		"image forget IMAGE",		      "",				    "--nothing",
		"show --host",			      "show --host x acb",		    "image create IMAGE2 --model 8022",
		"image create IMAGE2 --ports 3",      "image create IMAGE2 --mac nonsense", "verify --image /dev/null",
	};

	assert_int_equal(run("image create IMAGE"), HBAFW_OK);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		refused(lines[i]);
	assert_int_equal(run("show --image IMAGE acb"), HBAFW_OK);
	says("mtu = 1500\n");
	unlink(image);
}

static void bytes_come_as_they_are(void **state)
{
	char path[128], line[256];
	struct stat status;

	assert_int_equal(run("image create IMAGE"), HBAFW_OK);
	assert_int_equal(run("image set IMAGE ddb 1 address=192.0.2.7"), HBAFW_OK);
	assert_int_equal(run("dump --image IMAGE flash 0x05000230 6"), HBAFW_OK);
	assert_string_equal(out_text, "05000230: c0 00 02 07 00 00\n");
	assert_int_equal(run("dump --image IMAGE ddb 0"), HBAFW_OK);
	says("050001f0: ff ff");
	snprintf(path, sizeof(path), "%s/bytes", folder);
	snprintf(line, sizeof(line), "dump --image IMAGE chap --output %s", path);
	assert_int_equal(run(line), HBAFW_OK);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, 0xb600);
	refused(line);
	unlink(path);
	unlink(image);
}

static void every_json_line_is_an_object(void **state)
{
	char *rest = out_text, *line;
	unsigned int lines = 0;

	assert_int_equal(run("image create IMAGE"), HBAFW_OK);
	assert_int_equal(run("image set IMAGE chap 5 name=a\"b secret=s"), HBAFW_OK);
	assert_int_equal(run("image show IMAGE flash --json --all"), HBAFW_OK);
	while ((line = strsep(&rest, "\n"))) {
		struct json_object *object = *line ? json_tokener_parse(line) : NULL;

		assert_true(!*line || json_object_is_type(object, json_type_object));
		lines += object != NULL;
		json_object_put(object);
	}
	assert_true(lines > 20);
	unlink(image);
}

/* --- list ----------------------------------------------------------------------------------------------------------------------- */

static void put(const char *path, const char *text)
{
	char command[512];

	snprintf(command, sizeof(command), "mkdir -p $(dirname %s/sys/%s) && printf '%s\\n' >%s/sys/%s", folder, path, text, folder, path);
	assert_int_equal(system(command), 0);
}

static void put_function(const char *slot, const char *vendor, const char *device)
{
	static const char *const names[] = {"vendor", "device", "class", "irq", "subsystem_vendor", "subsystem_device"};
	const char *values[] = {vendor, device, "0x010000", "11", "0x1077", "0x0158"};
	char path[128];

	for (size_t i = 0; i < 6; i++) {
		snprintf(path, sizeof(path), "bus/pci/devices/%s/%s", slot, names[i]);
		put(path, values[i]);
	}
	snprintf(path, sizeof(path), "bus/pci/devices/%s/resource", slot);
	put(path, "0x0 0x0 0x0");
}

static void hbas_are_found(void **state)
{
	char command[256];

	assert_int_equal(run("list"), HBAFW_OK);
	assert_string_equal(out_text, "");
	put_function("0000:00:04.1", "0x1077", "0x4032");
	put_function("0000:00:04.3", "0x1077", "0x4032");
	put_function("0000:00:05.0", "0x8086", "0x100e");
	put("bus/pci/devices/0000:00:04.1/host3/nothing", "");
	put("class/iscsi_host/host3/hwaddress", "00:c0:dd:01:02:03");
	put("class/iscsi_host/host3/port_state", "LINK_UP");
	put("class/iscsi_host/host3/port_speed", "1 Gbps");
	put("class/scsi_host/host3/fw_version", "3.00.01.59");
	put("class/scsi_host/host3/hba_model", "QLE4062C");
	snprintf(command, sizeof(command), "ln -s ../../drivers/qla4xxx %s/sys/bus/pci/devices/0000:00:04.1/driver", folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(run("list"), HBAFW_OK);
	says("host3   QLE4062C   0000:00:04.1  qla4xxx   3.00.01.59    -              00:c0:dd:01:02:03  LINK_UP    1 Gbps\n");
	says("-       ISP4032    0000:00:04.3  -         -             -              -                  -          -\n");
	says_not("00:05.0");
	assert_int_equal(run("list --json"), HBAFW_OK);
	says("{\"type\":\"hba\",\"host\":\"host3\",\"model\":\"QLE4062C\",\"slot\":\"0000:00:04.1\",\"driver\":\"qla4xxx\",");
	says("{\"type\":\"hba\",\"host\":null,\"model\":\"ISP4032\",\"slot\":\"0000:00:04.3\",\"driver\":null,");
}

static void help_names_every_command(void **state)
{
	static const char *const words[] = {"list", "show", "dump", "verify", "image create", "image set", "--secrets", "nvram", "chap"};

	assert_int_equal(run("--help"), HBAFW_OK);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		says(words[i]);
	assert_int_equal(run("list --version"), HBAFW_OK);
	says("hbafw ");
}

static int make_folder(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/openhba-hbafw-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(image, sizeof(image), "%s/card", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_image_has_what_was_asked_for),
		cmocka_unit_test(a_target_is_set_with_its_credentials),
		cmocka_unit_test(the_eeprom_stays_sound),
		cmocka_unit_test(nonsense_changes_nothing),
		cmocka_unit_test(bytes_come_as_they_are),
		cmocka_unit_test(every_json_line_is_an_object),
		cmocka_unit_test(hbas_are_found),
		cmocka_unit_test(help_names_every_command),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
