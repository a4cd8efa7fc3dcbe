// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCP socket of user space in the kernel's service: which one is taken, what is set on it, its callbacks, and how it is given back so
 * that nobody is in the connection any more. Called by conn.c. It knows nothing of PDUs.
 */
#include <linux/file.h>
#include <linux/net.h>
#include <linux/tcp.h>
#include <net/inet_connection_sock.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "drivers/iscsi_tcp/ops.h"

#define STATES_READING (BIT(TCP_CONN_BOUND) | BIT(TCP_CONN_UP) | BIT(TCP_CONN_LOGOUT))

/* The socket's lock is held by TCP, which calls; so it cannot be taken away meanwhile. */
static struct tcp_conn *conn_of_callback(const struct sock *sk)
{
	return sk->sk_user_data;
}

void socket_read(struct tcp_conn *conn, struct sock *sk)
{
	if (conn->may_read && BIT(READ_ONCE(conn->state)) & STATES_READING) {
		conn->last_recv = jiffies;
		rx_data_ready(conn);
	}
	/* RFC 7143 7.5: the end of the TCP connection ends the iSCSI connection, unless both said so. */
	if (sk->sk_state != TCP_ESTABLISHED && !conn->logged_out)
		conn_failure(conn, ISCSI_ERR_TCP_CONN_CLOSE);
}

static void data_ready(struct sock *sk)
{
	struct tcp_conn *conn = conn_of_callback(sk);

	if (conn)
		socket_read(conn, sk);
}

static void state_change(struct sock *sk)
{
	struct tcp_conn *conn = conn_of_callback(sk);

	if (conn) {
		socket_read(conn, sk);
		conn->old_state_change(sk);
	}
}

static void write_space(struct sock *sk)
{
	struct tcp_conn *conn = conn_of_callback(sk);

	if (conn) {
		conn->old_write_space(sk);
		tx_write_space(conn);
	}
}

/* Only plain TCP: TLS, MPTCP and sockmaps put their own functions between us and the bytes. */
static int socket_check(const struct socket *sock)
{
	const struct sock *sk = sock->sk;

	if (!sk || sk->sk_type != SOCK_STREAM || sk->sk_protocol != IPPROTO_TCP ||
	    (sk->sk_family != AF_INET && sk->sk_family != AF_INET6))
		return -EPROTONOSUPPORT;
	if (inet_csk(sk)->icsk_ulp_ops)
		return -EOPNOTSUPP;
	return 0;
}

static void callbacks_set(struct tcp_conn *conn, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	conn->old_data_ready = sk->sk_data_ready;
	conn->old_state_change = sk->sk_state_change;
	conn->old_write_space = sk->sk_write_space;
	sk->sk_user_data = conn;
	sk->sk_data_ready = data_ready;
	sk->sk_state_change = state_change;
	sk->sk_write_space = write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void callbacks_restore(struct tcp_conn *conn, struct sock *sk)
{
	write_lock_bh(&sk->sk_callback_lock);
	sk->sk_data_ready = conn->old_data_ready;
	sk->sk_state_change = conn->old_state_change;
	sk->sk_write_space = conn->old_write_space;
	sk->sk_user_data = NULL;
	write_unlock_bh(&sk->sk_callback_lock);
}

/* Sending happens under the socket's spinlock and may be what frees memory: no sleep, the reserves allowed, no fragment of the task. */
static void options_set(struct sock *sk)
{
	sk->sk_reuse = SK_CAN_REUSE;
	sk->sk_allocation = GFP_ATOMIC;
	compat_task_frag(sk, false);
	sk_set_memalloc(sk);
}

static void options_restore(struct sock *sk)
{
	sk_clear_memalloc(sk);
	sk->sk_allocation = GFP_KERNEL;
	compat_task_frag(sk, true);
}

/* The addresses stay readable without the socket's lock, and are gone with it. */
static void addresses_set(struct tcp_conn *conn, struct socket *sock)
{
	struct sockaddr_storage peer = { .ss_family = AF_UNSPEC }, local = { .ss_family = AF_UNSPEC };

	if (sock && (kernel_getpeername(sock, (struct sockaddr *)&peer) < 0 || kernel_getsockname(sock, (struct sockaddr *)&local) < 0)) {
		peer.ss_family = AF_UNSPEC;
		local.ss_family = AF_UNSPEC;
	}
	mutex_lock(&conn->session->names_mutex);
	conn->peer = peer;
	conn->local = local;
	mutex_unlock(&conn->session->names_mutex);
}

/*
 * One that the peer has ended meanwhile is taken too: user space hears of that as of any other loss, from START or the PDU it sends next,
 * and not as of a request that was wrong.
 */
static bool had_connection(const struct sock *sk)
{
	switch (sk->sk_state) {
	case TCP_ESTABLISHED:
	case TCP_CLOSE_WAIT:
		return true;
	case TCP_CLOSE:
		return inet_sk(sk)->inet_dport;
	default:
		return false;
	}
}

static int socket_take(struct tcp_conn *conn, struct socket *sock)
{
	struct sock *sk = sock->sk;
	int err = 0;

	tcp_sock_set_nodelay(sk);
	addresses_set(conn, sock);
	lock_sock(sk);
	if (sk->sk_user_data)
		err = -EBUSY;
	else if (!had_connection(sk))
		err = -ENOTCONN;
	else if (!conn_state(conn, TCP_CONN_BOUND))
		err = -EBUSY;
	if (!err) {
		options_set(sk);
		rcu_assign_pointer(conn->sock, sock);
		callbacks_set(conn, sk);
	}
	release_sock(sk);
	if (err)
		addresses_set(conn, NULL);
	return err;
}

static void release_work(struct work_struct *work)
{
	struct tcp_release *release = container_of(to_rcu_work(work), struct tcp_release, work);
	struct tcp_session *session = release->session;

	sockfd_put(release->sock);
	kfree(release);
	if (atomic_dec_and_test(&session->sockets))
		wake_up_all(&session->recovered);
}

int socket_attach(struct tcp_conn *conn, u64 fd)
{
	struct tcp_release *release;
	struct socket *sock;
	int err;

	if (fd > INT_MAX)
		return -EBADF;
	sock = sockfd_lookup(fd, &err);
	if (!sock)
		return err;
	err = socket_check(sock);
	if (err)
		goto put;
	/* It may be the way to the disk that memory is paged out to. */
	release = kmalloc(sizeof(*release), GFP_NOIO);
	if (!release) {
		err = -ENOMEM;
		goto put;
	}
	release->sock = sock;
	release->session = conn->session;
	INIT_RCU_WORK(&release->work, release_work);
	err = socket_take(conn, sock);
	if (err)
		goto free;
	conn->release = release;
	atomic_inc(&conn->session->sockets);
	return 0;

free:
	kfree(release);
put:
	sockfd_put(sock);
	return err;
}

/*
 * What TCP still has to send lies in pages that are given back to their commands now: they may not be read any more, so the connection
 * is reset. One that has nothing to send is closed in order.
 */
static void socket_silence(struct sock *sk)
{
	if (sk->sk_wmem_queued)
		sk->sk_prot->disconnect(sk, O_NONBLOCK);
}

void socket_detach(struct tcp_conn *conn)
{
	struct socket *sock = rcu_dereference_protected(conn->sock, true);
	struct sock *sk;

	if (!sock)
		return;
	sk = sock->sk;
	lock_sock(sk);
	callbacks_restore(conn, sk);
	options_restore(sk);
	socket_silence(sk);
	release_sock(sk);
	addresses_set(conn, NULL);
	kernel_sock_shutdown(sock, SHUT_RDWR);
	rcu_assign_pointer(conn->sock, NULL);
	queue_rcu_work(conn->session->workqueue, &conn->release->work);
	conn->release = NULL;
}

struct sock *conn_lock(struct tcp_conn *conn)
{
	struct sock *sk;

	rcu_read_lock();
	sk = conn_sk(conn);
	if (sk)
		sock_hold(sk);
	rcu_read_unlock();
	if (!sk)
		return NULL;
	lock_sock(sk);
	if (sk->sk_user_data == conn)
		return sk;
	conn_unlock(sk);
	return NULL;
}

void conn_unlock(struct sock *sk)
{
	release_sock(sk);
	sock_put(sk);
}
