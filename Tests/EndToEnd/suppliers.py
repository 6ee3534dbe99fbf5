"""Suppliers that behave like real ones: slow, failing, answering twice and in the wrong order. All on loopback, all real servers."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from conftest import free_port
from cxml_structure import problems_of


class HTTPSupplier:
    """An HTTP server whose `reply(request)` gives (status, content type, body), or None to break the connection; a repeat of a key is known by `orders`."""

    def __init__(self):
        self.requests = []
        # Answers of these statuses come first, whatever is asked.
        self.statuses = []
        # Each request waits so long before it is answered, after it is recorded.
        self.delay = 0.0
        # What was ordered, by key: the truth about how many orders there are.
        self.orders = {}
        self.lock = threading.Lock()
        supplier = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = {"path": self.path, "headers": {n.lower(): v for n, v in self.headers.items()}, "body": body}
                with supplier.lock:
                    status = supplier.statuses.pop(0) if supplier.statuses else None
                    # A server that takes the order and then fails to say so is the hardest case.
                    takes = status is None or status == "taken-500"
                    answer = supplier.reply(request) if takes else None
                    supplier.requests.append(request)
                time.sleep(supplier.delay)
                if status is None and answer is None:
                    # The connection breaks before the answer.
                    self.close_connection = True
                    return
                if status is not None:
                    answer = (500 if status == "taken-500" else status, "text/plain", b"")
                try:
                    self.send_response(answer[0])
                    self.send_header("Content-Type", answer[1])
                    self.send_header("Content-Length", str(len(answer[2])))
                    self.end_headers()
                    self.wfile.write(answer[2])
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/orders"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class WebhookSupplier(HTTPSupplier):
    """Knows each order by its id, and says `duplicate` with the first one's source to a second."""

    def __init__(self):
        super().__init__()
        self.cancelled = []
        # The answer to a new order; bytes go out as they are.
        self.answer = {}

    def reply(self, request):
        event = json.loads(request["body"])
        data = event["data"]
        if event["type"] == "steward.order.cancelled":
            known = data["order"] in self.orders
            self.cancelled.append(data["order"])
            return (202 if known else 404), "application/json", b"{}"
        ids = [line["order"] for line in data.get("orders", [data])]
        first = self.orders.get(ids[0])
        if first:
            return 200, "application/json", json.dumps({"duplicate": True, "source": first}).encode()
        for order in ids:
            self.orders[order] = event["source"]
        return 202, "application/json", self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()


class CXMLSupplier(HTTPSupplier):
    """Answers cXML OrderRequests, and can send confirmations and ship notices to a gateway."""

    def __init__(self, secret):
        super().__init__()
        self.secret = secret
        self.codes = []
        self.cancelled = []
        # What is wrong with the documents, by the cXML reference.
        self.problems = []

    def close(self):
        super().close()
        assert self.problems == []

    def reply(self, request):
        root = ElementTree.fromstring(request["body"])
        self.problems += problems_of(root)
        if not request["headers"]["content-type"].startswith("text/xml"):
            self.problems.append(request["headers"]["content-type"])
        if root.findtext("Header/Sender/Credential/SharedSecret") != self.secret:
            return self.status(401, "Unauthorized")
        if self.codes:
            return self.status(self.codes.pop(0), "as the test wants it")
        header = root.find("Request/OrderRequest/OrderRequestHeader")
        payload = root.get("payloadID")
        if header.get("type") == "delete":
            self.cancelled.append(header.find("DocumentReference").get("payloadID"))
            return self.status(200, "OK")
        if payload in self.orders:
            return self.status(409, "Conflict")
        self.orders[payload] = root
        return self.status(200, "OK")

    @staticmethod
    def status(code, text):
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.014/cXML.dtd">\n'
            f'<cXML payloadID="1@shop" timestamp="2026-01-01T00:00:00+00:00"><Response><Status code="{code}" text="{text}"/></Response></cXML>'
        )
        assert problems_of(ElementTree.fromstring(body.encode())) == []
        return 200, "text/xml", body.encode()


def cxml_notice(gateway, request, secret, identity="shop-system", doctype=None, is_valid=True):
    """Sends a notice to the gateway and returns the code of its answer; both are checked by the cXML reference."""
    doctype = doctype or '<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.014/Fulfill.dtd">'
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}\n<cXML payloadID="7@shop" timestamp="2026-01-01T00:00:00+00:00"><Header>'
        '<From><Credential domain="NetworkID"><Identity>shop</Identity></Credential></From>'
        '<To><Credential domain="NetworkID"><Identity>us</Identity></Credential></To>'
        f'<Sender><Credential domain="NetworkID"><Identity>{identity}</Identity><SharedSecret>{secret}</SharedSecret></Credential>'
        f"<UserAgent>shop 1</UserAgent></Sender></Header><Request>{request}</Request></cXML>"
    )
    if is_valid and "&" not in body:
        assert problems_of(ElementTree.fromstring(body)) == []
    call = urllib.request.Request(gateway.url + "/api/v1/cxml", data=body.encode(), headers={"Content-Type": "text/xml; charset=UTF-8"})
    with urllib.request.urlopen(call, timeout=40) as answer:
        assert answer.headers["Content-Type"].startswith("text/xml")
        root = ElementTree.fromstring(answer.read())
        assert problems_of(root) == []
        return int(root.find("Response/Status").get("code"))


class MailServer:
    """aiosmtpd on a port of its own; `replies` are given to DATA first, such as "451 later"."""

    def __init__(self, tls=None, user=None):
        self.mails = []
        self.replies = []
        # Before a mail is taken, and between its taking and the answer.
        self.delay = 0.0
        self.answer_delay = 0.0
        server = self

        class Handler:
            async def handle_DATA(self, _server, session, envelope):
                import asyncio

                await asyncio.sleep(server.delay)
                if server.replies:
                    return server.replies.pop(0)
                server.mails.append({"from": envelope.mail_from, "to": envelope.rcpt_tos, "bytes": envelope.content, "tls": session.ssl is not None})
                await asyncio.sleep(server.answer_delay)
                return "250 OK"

        def authenticate(_server, _session, _envelope, mechanism, data):
            return AuthResult(success=user is not None and (data.login, data.password) == user)

        class LoopbackController(Controller):
            def factory(self):
                options = {"authenticator": authenticate, "auth_required": True} if user else {}
                return SMTP(self.handler, hostname="localhost", tls_context=tls, require_starttls=tls is not None, **options)

        self.controller = LoopbackController(Handler(), hostname="127.0.0.1", port=free_port())
        self.controller.start()
        self.url = f"smtp://localhost:{self.controller.port}"

    def close(self):
        self.controller.stop()


def secret_file(directory, name, text):
    path = directory / name
    path.write_text(text + "\n")
    return str(path)


def webhook_secret(key):
    return "whsec_" + base64.b64encode(key).decode()


def signed_headers(key, body, name="msg-1", timestamp=None, secret=None):
    """The headers of Standard Webhooks 1.0."""
    timestamp = str(int(time.time()) if timestamp is None else timestamp)
    code = hmac.new(secret or key, f"{name}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": name, "webhook-timestamp": timestamp, "webhook-signature": "v1," + base64.b64encode(code).decode()}


def signed_report(gateway, supplier, body, headers, content_type="application/json"):
    """Posts a supplier's own report and returns the status of the answer."""
    call = urllib.request.Request(
        f"{gateway.url}/api/v1/suppliers/{supplier}/reports", data=body, headers={"Content-Type": content_type, **headers})
    try:
        with urllib.request.urlopen(call, timeout=40) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
