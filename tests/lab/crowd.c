/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crowd [-1]: reads command lines (words without quotes) and runs all of them at the same time, or with -1 one after the other. Prints
 * "STATUS MICROSECONDS COMMAND" for each as it ends, what it said to the file crowd.out, and at the end "median M max X of N, F failed".
 * For suite/clients.sh. Judges nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 4096
#define WORDS_MAX 64

struct command {
	char *line;
	pid_t pid;
	long long started_us, took_us;
};

static struct command commands[COMMANDS_MAX];

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

static void start(struct command *command, int out)
{
	char *copy = strdup(command->line), *words[WORDS_MAX + 1] = { 0 }, *state = NULL;
	size_t count = 0;

	command->started_us = now_us();
	command->pid = fork();
	if (command->pid) {
		free(copy);
		return;
	}
	for (char *word = strtok_r(copy, " ", &state); word && count < WORDS_MAX; word = strtok_r(NULL, " ", &state))
		words[count++] = word;
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	if (count)
		execvp(words[0], words);
	_exit(127);
}

/* The next one that ends; false: none is left. */
static int reap(size_t count, size_t *failed)
{
	int status;
	pid_t pid = wait(&status);

	if (pid < 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

		if (commands[i].pid != pid)
			continue;
		commands[i].took_us = now_us() - commands[i].started_us;
		*failed += code != 0;
		printf("%d %lld %s\n", code, commands[i].took_us, commands[i].line);
	}
	return 1;
}

static int by_time(const void *a, const void *b)
{
	const struct command *left = a, *right = b;

	return (left->took_us > right->took_us) - (left->took_us < right->took_us);
}

int main(int argc, char **argv)
{
	int one_by_one = argc > 1 && !strcmp(argv[1], "-1");
	int out = open("crowd.out", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	size_t count = 0, failed = 0, room = 0;
	char *line = NULL;

	while (count < COMMANDS_MAX && getline(&line, &room, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		commands[count++].line = strdup(line);
	}
	free(line);
	for (size_t i = 0; i < count; i++) {
		start(&commands[i], out);
		if (one_by_one)
			reap(count, &failed);
	}
	while (reap(count, &failed))
		;
	if (!count)
		return 2;
	qsort(commands, count, sizeof(commands[0]), by_time);
	printf("median %lld max %lld of %zu, %zu failed\n", commands[count / 2].took_us, commands[count - 1].took_us, count, failed);
	return failed > 0;
}
