"""What the session at the broker holds: what is wanted and refused, and what is held and no longer wanted."""

import json

import pytest
from conftest import ROOT, wait_for

PLUGIN = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"
TELEMETRY = "devices/+/telemetry"


def roles(allowed):
    """The file of mosquitto's dynamic security: everybody may send and be sent everything, and subscribe to these filters only."""
    grants = [{"acltype": "subscribeLiteral", "topic": name, "priority": 1, "allow": True} for name in allowed]
    return json.dumps({
        "defaultACLAccess": {"publishClientSend": True, "publishClientReceive": True, "subscribe": False, "unsubscribe": True},
        "clients": [], "groups": [{"groupname": "anonymous", "roles": [{"rolename": "reader"}], "clients": []}],
        "roles": [{"rolename": "reader", "acls": grants}], "anonymousGroup": "anonymous",
    })


@pytest.fixture
def guarded(make, tmp_path):
    """A broker with rules; `allow` changes them, which it takes up at its next start."""
    file = tmp_path / "dynamic-security.json"
    file.write_text(roles([]))
    broker = make.broker(f"allow_anonymous true\nplugin {PLUGIN}\nplugin_opt_config_file {file}\n")
    broker.allow = lambda *filters: file.write_text(roles(filters))
    return broker


def readiness(gateway):
    status, _, body = gateway.request("/readyz")
    return status, body.decode()


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_refused_subscriptions_are_told_and_asked_again(make, guarded, version):
    other = "other/+/state"
    gateway = make.gateway(guarded, connected=False, mqtt={"subscriptions": [TELEMETRY, other], "version": version})
    wait_for(lambda: "refuses 2 of 2" in readiness(gateway)[1], "the refusal in /readyz")
    assert readiness(gateway)[0] == 503
    assert f"refuses a subscription; it is asked again filter={TELEMETRY}" in gateway.log()
    assert "access rules" in gateway.log() and "mqtt.username" not in gateway.log()
    answer = gateway.api("status")["broker"]
    assert answer["connected"] and answer["subscriptions"]["granted"] == 0
    assert [refusal["filter"] for refusal in answer["subscriptions"]["refused"]] == [TELEMETRY, other]
    shown = gateway.cli("status").stdout
    assert "0 of 2 topic filters granted" in shown and "refused" in shown and other in shown

    # Some are not enough either: the gateway does not hear all that it is to look after.
    guarded.stop()
    guarded.allow(TELEMETRY)
    guarded.start()
    wait_for(lambda: "refuses 1 of 2" in readiness(gateway)[1], "the refusal of one")
    assert other in readiness(gateway)[1] and readiness(gateway)[0] == 503
    guarded.stop()
    guarded.allow(TELEMETRY, other)
    guarded.start()
    wait_for(lambda: readiness(gateway)[0] == 200, "the readiness")
    assert gateway.api("status")["broker"]["subscriptions"] == {"wanted": 2, "granted": 2, "refused": []}
    assert gateway.metric("steward_subscriptions_granted") == 2


def test_what_is_granted_is_not_asked_for_again_with_what_is_refused(make, tmp_path):
    """It would make the broker send every retained message again. (This broker throws a client out when its rules change.)"""
    users = tmp_path / "rules.json"
    users.write_text(json.dumps({
        **json.loads(roles([TELEMETRY])),
        "clients": [{"username": "admin", "textname": "", "roles": [{"rolename": "admin"}], **PASSWORD}],
        "roles": json.loads(roles([TELEMETRY]))["roles"] + [{"rolename": "admin", "acls": [
            {"acltype": kind, "topic": "$CONTROL/#", "priority": 1, "allow": True}
            for kind in ("publishClientSend", "publishClientReceive", "subscribePattern")]}],
    }))
    broker = make.broker(f"allow_anonymous true\nplugin {PLUGIN}\nplugin_opt_config_file {users}\n")
    sender = make.client(broker)
    sender.publish("devices/d/telemetry", {"fuserTemp": 1}, retain=True)
    gateway = make.gateway(broker, connected=False, mqtt={"subscriptions": [TELEMETRY, "other/x"]})
    wait_for(lambda: "refuses 1 of 2" in readiness(gateway)[1], "the refusal")
    wait_for(lambda: gateway.metric("steward_retained_messages_total") == 1, "the retained message")
    admin = make.client(broker, username="admin", password="admin")
    command = {"command": "addRoleACL", "rolename": "reader", "acltype": "subscribeLiteral", "topic": "other/x", "allow": True}
    admin.publish("$CONTROL/dynamic-security/v1", {"commands": [command]})
    wait_for(lambda: readiness(gateway)[0] == 200, "the readiness")
    gateway.settled(make.client(broker))
    assert gateway.metric("steward_retained_messages_total") == 1


# Of "admin", as mosquitto_ctrl writes it (PBKDF2 with SHA-512, 101 rounds): computed below, so that nothing has to be believed.
def _password():
    import base64
    import hashlib

    salt = b"steward-test"
    key = hashlib.pbkdf2_hmac("sha512", b"admin", salt, 101)
    return {"password": base64.b64encode(key).decode(), "salt": base64.b64encode(salt).decode(), "iterations": 101}


PASSWORD = _password()


def test_a_broker_that_grants_less_than_qos_1_is_told(make):
    broker = make.broker("allow_anonymous true\nmax_qos 0\n")
    gateway = make.gateway(broker, connected=False, mqtt={"subscriptions": [TELEMETRY]})
    wait_for(lambda: "max_qos" in readiness(gateway)[1], "the reason in /readyz")
    assert readiness(gateway)[0] == 503


def queued(broker_client, gateway, topic):
    """Whether a message of this topic reaches the gateway's inbox: it is a dead letter, as no profile reads it."""
    broker_client.publish(topic, {"n": 1})
    gateway.settled(broker_client)
    return bool(gateway.dead_letters(topic))


@pytest.mark.parametrize("way", ["restart", "reload"])
def test_what_is_no_longer_wanted_is_unsubscribed(make, broker, client, tmp_path, way):
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "native.json").write_text((ROOT / "DeviceProfiles/steward-native/steward-native.json").read_text())
    extra = profiles / "extra.json"
    extra.write_text('{profile: "extra", messages: [{topic: "extra/{device}/state"}], metrics: {n: {pointer: "/n"}}}')
    gateway = make.gateway(broker, profiles=[str(profiles)])
    client.publish("extra/a/state", {"n": 1})
    wait_for(lambda: gateway.device("a"), "the device of the second profile")
    extra.unlink()
    if way == "restart":
        gateway.restart()
    else:
        assert gateway.post("profiles/reload", {}) == 200
    wait_for(lambda: "unsubscribed" in gateway.log() and "extra/+/state" in gateway.log(), "the unsubscription")
    assert not queued(client, gateway, "extra/b/state")
    # The same connection, and what is still wanted was not asked for again.
    if way == "reload":
        assert gateway.log().count("connected to the broker") == 1
    # And it is forgotten: the next start has nothing to take back.
    gateway.restart()
    gateway.settled(client)
    assert "unsubscribed" not in gateway.log()
    # It is wanted again.
    extra.write_text('{profile: "extra", messages: [{topic: "extra/{device}/state"}], metrics: {n: {pointer: "/n"}}}')
    assert gateway.post("profiles/reload", {}) == 200
    wait_for(lambda: readiness(gateway)[0] == 200, "the subscription")
    client.publish("extra/c/state", {"n": 1})
    wait_for(lambda: gateway.device("c"), "the device of the profile that is there again")


def test_another_client_id_is_another_session(make, broker, client):
    """The former session's filters are not those of the new one; back at the former one they are remembered."""
    gateway = make.gateway(broker, mqtt={"clientId": "first", "subscriptions": [TELEMETRY, "old/#"]})
    gateway.config["mqtt"] |= {"clientId": "second", "subscriptions": [TELEMETRY]}
    gateway.restart()
    assert "another session at the broker than before" in gateway.log() and "first@" in gateway.log()
    assert "unsubscribed" not in gateway.log()
    gateway.config["mqtt"] |= {"clientId": "first"}
    gateway.restart()
    wait_for(lambda: "unsubscribed" in gateway.log() and "old/#" in gateway.log(), "the unsubscription")
    assert not queued(client, gateway, "old/x")
