#pragma once
#include <microhttpd.h>

// libmicrohttpd starts its daemon and answers questions through variadic functions, which Swift cannot call.

struct steward_mhd_settings {
    MHD_socket listen_socket;
    unsigned int connection_limit;
    unsigned int idle_timeout_seconds;
    size_t connection_memory_bytes;
    void *context; // handed to all four callbacks
    MHD_AccessHandlerCallback handler;
    void *(*request_started)(void *context, const char *uri, struct MHD_Connection *connection);
    MHD_RequestCompletedCallback request_completed;
    MHD_NotifyConnectionCallback connection_changed;
};

static inline struct MHD_Daemon *steward_mhd_start(const struct steward_mhd_settings *s) {
    // One thread reads and writes all connections; a request that is whole is suspended, and resumed when a worker has its answer.
    // poll, not epoll: with epoll, version 0.9.75 often keeps a connection whose client has ended its stream until the idle time-out,
    // and so a place among the connections (MalformedTests fails with it; we do not know why). For so few connections poll is as fast.
    // Strict for the client: what RFC 9112 forbids (no Host, obsolete line folding, …) is refused before we see it.
    return MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, s->handler, s->context,
        MHD_OPTION_LISTEN_SOCKET, s->listen_socket,
        MHD_OPTION_CONNECTION_LIMIT, s->connection_limit,
        MHD_OPTION_CONNECTION_TIMEOUT, s->idle_timeout_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, s->connection_memory_bytes,
        MHD_OPTION_STRICT_FOR_CLIENT, (int)1,
        MHD_OPTION_URI_LOG_CALLBACK, s->request_started, s->context,
        MHD_OPTION_NOTIFY_COMPLETED, s->request_completed, s->context,
        MHD_OPTION_NOTIFY_CONNECTION, s->connection_changed, s->context,
        MHD_OPTION_END);
}

/// The peer's socket address, or NULL.
static inline const struct sockaddr *steward_mhd_client_address(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? info->client_addr : NULL;
}

/// The bytes of the request line and the headers.
static inline size_t steward_mhd_header_bytes(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}

/// The connection's socket, or -1.
static inline int steward_mhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? (int)info->connect_fd : -1;
}

/// What `connection_changed` has left with the connection when it began, or NULL.
static inline void *steward_mhd_socket_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}
