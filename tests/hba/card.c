/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A card: its image, what its functions share, and its ports. */
#include "tests/hba/card.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/hba/control.h"
#include "tests/hba/port.h"
#include "transport/abi/isp4xxx.h"

struct card {
	struct card_shared shared;
	unsigned int count;
	struct port *ports[ISP4XXX_PORTS_MAX];
	struct control_port control[ISP4XXX_PORTS_MAX];
};

static int open_image(struct card *card, const struct card_settings *settings)
{
	int err;

	if (settings->image)
		err = isp4xxx_image_open(settings->image, true, &card->shared.image);
	else
		err = isp4xxx_image_new(&settings->identity, &card->shared.image);
	if (err < 0)
		return err;
	card->shared.model = isp4xxx_image_model(card->shared.image);
	card->count = isp4xxx_image_ports(card->shared.image);
	if (card->shared.model != ISP_DEVICE_4010 && card->shared.model != ISP_DEVICE_4022 && card->shared.model != ISP_DEVICE_4032)
		return -EINVAL;
	return card->count && card->count <= ISP4XXX_PORTS_MAX ? 0 : -EINVAL;
}

int card_new(struct loop *loop, const struct card_settings *settings, struct card **ret_card)
{
	struct card *card = calloc(1, sizeof(*card));
	int err;

	if (!card)
		return -ENOMEM;
	err = open_image(card, settings);
	for (unsigned int i = 0; !err && i < card->count; i++) {
		err = port_new(loop, &card->shared, i, &settings->port[i], &card->ports[i]);
		if (!err)
			card->control[i] = *port_control(card->ports[i]);
	}
	if (err < 0) {
		card_free(card);
		return err;
	}
	*ret_card = card;
	return 0;
}

void card_free(struct card *card)
{
	if (!card)
		return;
	for (unsigned int i = 0; i < ISP4XXX_PORTS_MAX; i++)
		port_free(card->ports[i]);
	if (card->shared.image)
		isp4xxx_image_sync(card->shared.image);
	isp4xxx_image_free(card->shared.image);
	free(card);
}

unsigned int card_ports(const struct card *card)
{
	return card->count;
}

struct port *card_port(const struct card *card, unsigned int index)
{
	return index < card->count ? card->ports[index] : NULL;
}

struct chip *card_chip(const struct card *card, unsigned int index)
{
	return index < card->count ? port_chip(card->ports[index]) : NULL;
}

const struct control_port *card_control_ports(const struct card *card)
{
	return card->control;
}
