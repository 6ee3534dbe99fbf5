#pragma once
#include <mosquitto.h>
// The names of MQTT 5 properties and reason codes live in a header of their own.
#include <mqtt_protocol.h>
// Swift's Glibc module leaves eventfd out.
#include <sys/eventfd.h>
