"""A plugin of OctoPrint that publishes as OctoPrint-MQTT does with its default settings and full printer data.

OctoPrint-MQTT itself is in no package registry, and its licence is not ours. What decides how a gateway has to read it is kept:

- `{base}mqtt` says `connected` and, as the last will, `disconnected`: retained, with QoS 1 and without a time;
- everything else is JSON at QoS 0 with `_timestamp`, the time cut to whole seconds: of the sample for temperatures, else of the publication;
- progress and temperatures are retained, events are not; at the start and at the end of a print the progress comes before the event;
- what happens before the connection is forgotten, but for temperatures; a progress of 0 without a file is told once, right after `connected`;
- a temperature is told when it has moved by a tenth of a degree.

OctoPrint loads it from the folder `plugins` beside its configuration, as `mqtt`.
"""

import json
import time

import octoprint.plugin
import paho.mqtt.client as mqtt
from octoprint.events import Events
from octoprint.printer import PrinterCallback


class PublishingPlugin(
    octoprint.plugin.SettingsPlugin,
    octoprint.plugin.StartupPlugin,
    octoprint.plugin.ShutdownPlugin,
    octoprint.plugin.EventHandlerPlugin,
    octoprint.plugin.ProgressPlugin,
    PrinterCallback,
):
    def __init__(self):
        self.client = None
        self.connected = False
        self.has_reset = False
        self.waiting = []
        self.told = {}

    def initialize(self):
        self._printer.register_callback(self)

    def get_settings_defaults(self):
        return {"host": "127.0.0.1", "port": 1883, "base": "octoPrint/"}

    def topic(self, name):
        return self._settings.get(["base"]) + name

    def on_startup(self, host, port):
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self.client.will_set(self.topic("mqtt"), "disconnected", qos=1, retain=True)
        self.client.on_connect = self.on_broker
        self.client.on_disconnect = lambda *_: setattr(self, "connected", False)
        self.client.connect_async(self._settings.get(["host"]), self._settings.get_int(["port"]))
        self.client.loop_start()

    def on_shutdown(self):
        self.client.publish(self.topic("mqtt"), "disconnected", qos=1, retain=True).wait_for_publish(5)
        self.client.loop_stop()

    def on_broker(self, client, _data, _flags, _reason, _properties):
        client.publish(self.topic("mqtt"), "connected", qos=1, retain=True)
        waiting, self.waiting = self.waiting, []
        for topic, body in waiting:
            client.publish(topic, body, retain=True)
        self.connected = True
        if not self.has_reset:
            self.on_print_progress("", "", 0)
            self.has_reset = True

    def publish(self, topic, members, retain, at=None, queue=False):
        body = json.dumps({**members, "_timestamp": int(time.time() if at is None else at)})
        if self.connected:
            self.client.publish(self.topic(topic), body, retain=retain)
        elif queue:
            self.waiting.append((self.topic(topic), body))

    def on_event(self, event, payload):
        payload = payload or {}
        if event in (Events.PRINT_STARTED, Events.FILE_SELECTED):
            self.on_print_progress(payload["origin"], payload["path"], 0)
        elif event == Events.PRINT_DONE:
            self.on_print_progress(payload["origin"], payload["path"], 100)
        self.publish(f"event/{event}", {**payload, "_event": event}, retain=event == Events.Z_CHANGE)

    def on_print_progress(self, storage, path, progress):
        body = {"location": storage, "path": path, "progress": progress, "printer_data": self._printer.get_current_data()}
        self.publish("progress/printing", body, retain=True)

    def on_printer_add_temperature(self, data):
        for heater, value in data.items():
            if heater == "time" or not (value["actual"] or value["target"]):
                continue
            now = (value["actual"] or 0, value["target"] or 0)
            last = self.told.get(heater)
            if last is None or any(abs(a - b) >= 0.1 for a, b in zip(now, last)):
                self.told[heater] = now
                self.publish(f"temperature/{heater}", {"actual": value["actual"], "target": value["target"]}, True, data["time"], queue=True)


__plugin_name__ = "MQTT"
__plugin_version__ = "1.0"
__plugin_pythoncompat__ = ">=3.9,<4"
__plugin_implementation__ = PublishingPlugin()
