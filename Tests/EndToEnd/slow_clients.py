"""Keeps 1,000 connections to a port open, sends a byte on each now and then, never reads, and connects anew when one is ended.

    slow_clients.py PORT        prints a line for each 1,000 connections that it has opened
"""

import resource
import socket
import sys
import time

SLOW = 1000
BEGINNINGS = [
    b"",
    b"GET / HT",
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ",
    b"POST /api/v1/surveys HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    b"GET /api/v1/journal?limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20,
]


def opened(port, number):
    client = socket.socket()
    client.settimeout(1)
    try:
        client.connect(("127.0.0.1", port))
        client.send(BEGINNINGS[number % len(BEGINNINGS)] or b"")
        client.setblocking(False)
        return client
    except OSError:
        client.close()
        return None


def is_open(client):
    try:
        client.send(b"x")
    except BlockingIOError:
        pass
    except OSError:
        client.close()
        return False
    return True


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    port, clients, count = int(sys.argv[1]), [], 0
    while True:
        while len(clients) < SLOW:
            client = opened(port, count)
            if client:
                clients.append(client)
                count += 1
                if count % SLOW == 0:
                    print(count, flush=True)
        clients = [client for client in clients if is_open(client)]
        time.sleep(0.05)


main()
