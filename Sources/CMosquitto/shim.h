#pragma once
#include <mosquitto.h>
// The names of MQTT 5 properties and reason codes live in a header of their own.
#include <mqtt_protocol.h>
