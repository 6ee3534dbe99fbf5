"""Where orders and tickets arrive: a small HTTP server that writes down what it was sent."""

import json
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A killed client breaks its connection off; that is no news here."""


class Supplier:
    def __init__(self):
        self.lock = threading.Lock()
        # Per idempotency key the bodies that were taken, in order.
        self.taken = {}
        self.refused = set()
        supplier = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(supplier.take(json.loads(body)))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, event):
        key = event["id"]
        with self.lock:
            # Every eighth is refused once, so that a retry may be waiting when the gateway is killed.
            if zlib.crc32(key.encode()) % 8 == 0 and key not in self.refused:
                self.refused.add(key)
                return 503
            self.taken.setdefault(key, []).append(json.dumps(event["data"], sort_keys=True))
            return 200

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
