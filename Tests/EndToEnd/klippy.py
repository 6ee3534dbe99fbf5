"""A machine as Moonraker sees it: the socket of Klipper's host program, without Klipper.

Klipper's own program runs only with the firmware of a controller, and neither is in a package registry. Its side of the socket is small: JSON
objects that end with the byte 3, requests with an `id`, and status objects that are told whole once and then as what has changed.
"""

import json
import socket
import threading
import time

END = b"\x03"


class Klippy:
    def __init__(self, path, objects):
        self.path = path
        self.objects = objects
        self.scripts = []
        self.on_script = lambda script: None
        self.connection = None
        self.template = None
        self.subscribed = {}
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(4)
        threading.Thread(target=self._serve, daemon=True).start()

    def change(self, **objects):
        """Sets fields of objects, and tells what has changed to whom it has told the rest."""
        with self.lock:
            for name, fields in objects.items():
                self.objects[name].update(fields)
            changed = {name: fields for name, fields in objects.items() if name in self.subscribed}
            if self.connection and self.template and changed:
                params = {"eventtime": time.monotonic(), "status": changed}
                self._send(self.connection, {**self.template, "params": params})

    def restart(self, **objects):
        """Ends the connection, as the program does when it starts anew, with other states then."""
        with self.lock:
            for name, fields in objects.items():
                self.objects[name].update(fields)
            if self.connection:
                self.connection.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()
        self.restart()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connection, self.template, self.subscribed = connection, None, {}
            self._talk(connection)
            connection.close()

    def _talk(self, connection):
        rest = b""
        while data := self._receive(connection):
            *messages, rest = (rest + data).split(END)
            for message in messages:
                self._answer(connection, json.loads(message))
        with self.lock:
            self.connection = None

    @staticmethod
    def _receive(connection):
        try:
            return connection.recv(65_536)
        except OSError:
            return b""

    @staticmethod
    def _send(connection, message):
        try:
            connection.sendall(json.dumps(message).encode() + END)
        except OSError:
            pass

    def _answer(self, connection, request):
        method, params = request["method"], request.get("params", {})
        with self.lock:
            result = self._result(method, params)
            if "id" in request:
                self._send(connection, {"id": request["id"], "result": result})
        if method == "gcode/script":
            self.scripts.append(params["script"])
            self.on_script(params["script"])

    def _result(self, method, params):
        if method == "info":
            return {
                "state": self.objects["webhooks"]["state"], "state_message": "", "hostname": "test", "software_version": "v0.13.0", "cpu_info": "",
                "klipper_path": "/nowhere/klipper", "python_path": "/nowhere/python", "log_file": "", "config_file": "",
            }
        if method == "list_endpoints":
            return {"endpoints": ["info", "emergency_stop", "objects/list", "objects/query", "objects/subscribe", "gcode/script"]}
        if method == "objects/list":
            return {"objects": sorted(self.objects)}
        if method in ("objects/query", "objects/subscribe"):
            wanted = {name: fields for name, fields in params["objects"].items() if name in self.objects}
            if method == "objects/subscribe":
                self.subscribed, self.template = wanted, params["response_template"]
            status = {
                name: {field: value for field, value in self.objects[name].items() if not fields or field in fields}
                for name, fields in wanted.items()
            }
            return {"eventtime": time.monotonic(), "status": status}
        return {}
