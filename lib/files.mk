# SPDX-License-Identifier: GPL-3.0-or-later
lib-src :=
lib-src += lib/store.c lib/store_gate.c lib/store_key.c
lib-src += lib/loop.c lib/loop_clock.c lib/work.c lib/log.c lib/json.c
lib-src += lib/ipc_frame.c lib/ipc_listen.c lib/ipc_service.c lib/ipc_server.c lib/ipc_client.c lib/ipc_interface.c
lib-src += lib/notify.c lib/memory_lock.c lib/standard_fds.c
lib-src += lib/err.c lib/text.c lib/record.c lib/records.c lib/found.c lib/tree_path.c lib/tree_import.c lib/tree_export.c lib/record_rows.c lib/record_format.c
lib-src += lib/conf.c lib/name.c lib/netns.c lib/portal.c
lib-src += lib/library.c lib/crypto.c lib/secret.c lib/pdu.c lib/keys.c lib/negotiate.c lib/chap.c lib/login.c
lib-src += lib/crc32c.c
lib-src += lib/channel_socket.c lib/sendtargets.c lib/discover.c lib/discover_record.c
lib-src += lib/isns_codec.c lib/isns_message.c lib/isns_answer.c lib/isns_call.c lib/isns_talk.c lib/isns_notice.c
lib-src += lib/boot.c lib/boot_ibft.c lib/boot_openfw.c
lib-src += lib/isp4xxx.c lib/isp4xxx_defaults.c lib/isp4xxx_image.c
