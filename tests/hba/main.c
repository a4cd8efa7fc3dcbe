/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The emulated HBA as a program: one process is one card, on one event loop. Decides only the order in which things are made and go.
 * What is said to the person who started it is said here. SIGTERM and SIGINT end it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/isp4xxx.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/standard_fds.h"
#include "tests/hba/card.h"
#include "tests/hba/control.h"
#include "tests/hba/options.h"
#include "tests/hba/trace.h"

struct program {
	struct loop *loop;
	struct loop_signal *term, *interrupt;
	struct card *card;
	struct control *control;
};

static int say(int error, const char *what, const char *object, const char *advice)
{
	log_error("%s '%s': %s%s%s", what, object, strerror(-error), advice ? ": " : "", advice ? advice : "");
	return error;
}

/* An image that is there tells what card it is; the options may only agree. */
static int prepare_image(struct options *options)
{
	struct isp4xxx_identity *identity = &options->card.identity;
	struct isp4xxx_image *image;
	const char *path = options->card.image;
	bool differs;
	int error;

	if (!path)
		return 0;
	error = access(path, F_OK) == 0 ? 0 : isp4xxx_image_create(path, identity);
	if (!error)
		error = isp4xxx_image_open(path, false, &image);
	if (error)
		return say(error, "cannot use the image", path, "hbafw(8) makes and checks images");
	differs = (options->has_model && isp4xxx_image_model(image) != identity->model) ||
		  (options->has_ports && isp4xxx_image_ports(image) != identity->ports);
	isp4xxx_image_free(image);
	return differs ? say(-EINVAL, "--model or --ports contradict the image", path, "leave them out") : 0;
}

static void stop(int number, void *data)
{
	loop_stop(data);
}

static int open_traces(struct program *program, const struct options *options)
{
	const struct control_port *ports = card_control_ports(program->card);
	int error = 0;

	for (unsigned int i = 0; options->trace_path && !error && i < card_ports(program->card); i++)
		if (ports[i].trace)
			error = trace_open(ports[i].trace, options->trace_path, options->trace_parts);
	return error ? say(error, "cannot write the trace", options->trace_path, NULL) : 0;
}

static int open_control(struct program *program, const struct options *options)
{
	int error = 0;

	if (options->control_path)
		error = control_new(program->loop, options->control_path, card_control_ports(program->card), card_ports(program->card),
				    &program->control);
	return error ? say(error, "cannot listen for commands on", options->control_path, NULL) : 0;
}

static int begin(struct program *program, struct options *options)
{
	int error = prepare_image(options);

	if (error)
		return error;
	error = loop_new(&program->loop);
	if (!error)
		error = loop_signal_new(program->loop, SIGTERM, stop, program->loop, &program->term);
	if (!error)
		error = loop_signal_new(program->loop, SIGINT, stop, program->loop, &program->interrupt);
	if (error)
		return say(error, "cannot make", "the event loop", NULL);
	error = card_new(program->loop, &options->card, &program->card);
	if (error)
		return say(error, "cannot make the card of", options->card.image ? options->card.image : "factory contents",
			   "its sockets, its network namespaces and its image have to be free and allowed for this user");
	error = open_traces(program, options);
	return error ? error : open_control(program, options);
}

static void end(struct program *program)
{
	control_free(program->control);
	card_free(program->card);
	loop_signal_free(program->term);
	loop_signal_free(program->interrupt);
	loop_free(program->loop);
}

int main(int argc, char **argv)
{
	struct program program = {0};
	struct options options;
	char wrong[256];
	int error;

	standard_fds_fill();
	error = options_parse(argc, argv, &options, wrong, sizeof(wrong));
	log_open("hba", LOG_TO_STDERR, options.is_debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	if (error) {
		log_error("%s", wrong);
		return 2;
	}
	if (options.wants_help) {
		options_help(stdout);
		return 0;
	}
	signal(SIGPIPE, SIG_IGN);
	error = begin(&program, &options);
	if (!error) {
		log_info("ready");
		error = loop_run(program.loop);
	}
	end(&program);
	return error ? 1 : 0;
}
