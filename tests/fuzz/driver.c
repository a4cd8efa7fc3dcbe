/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stands in for libFuzzer where there is none: runs a fuzzer's entry once for each file named, in a
 * buffer of exactly its size so that the sanitizers see any read beyond. Linked to each
 * tests/fuzz/NAME.c for tests/fuzz/replay.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	long len;

	if (!file || fseek(file, 0, SEEK_END) || (len = ftell(file)) < 0) {
		perror(path);
		return 1;
	}
	rewind(file);
	bytes = malloc((size_t)len);
	if ((!bytes && len) || fread(bytes, 1, (size_t)len, file) != (size_t)len) {
		perror(path);
		return 1;
	}
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, (size_t)len);
	free(bytes);
	return 0;
}

int main(int argc, char **argv)
{
	int i, failed = 0;

	for (i = 1; i < argc; i++)
		failed |= run_file(argv[i]);
	return failed;
}
