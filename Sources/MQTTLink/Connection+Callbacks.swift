import CMosquitto

extension Connection {
    /// The C functions that libmosquitto calls. Each finds its connection in the user data, which is not retained: the handle is
    /// owned by the connection and destroyed with it. All are called on the owner's thread, from inside a loop call.
    func installCallbacks(_ pointer: OpaquePointer) {
        mosquitto_user_data_set(pointer, Unmanaged.passUnretained(self).toOpaque())
        listenToLog(pointer)
        mosquitto_connect_v5_callback_set(pointer) { _, context, code, flags, properties in
            // A broker that knows subscription identifiers need not say so.
            var knowsIdentifiers: UInt8 = 1
            mosquitto_property_read_byte(
                properties, Int32(MQTT_PROP_SUBSCRIPTION_ID_AVAILABLE.rawValue), &knowsIdentifiers, false)
            Connection.of(context)?.accept(code: code, sessionPresent: flags & 1 != 0, knowsIdentifiers: knowsIdentifiers != 0)
        }
        mosquitto_disconnect_v5_callback_set(pointer) { _, context, code, _ in
            // Below 128 these are the library's own codes, which the loop call returns as well.
            if code >= 128 { Connection.of(context)?.disconnectReason = code }
        }
        mosquitto_message_v5_callback_set(pointer) { _, context, message, properties in
            guard let context, let message else { return }
            // Of several the first: where one message has them all, there are no copies of it.
            var identifier: UInt32 = 0
            if properties != nil {
                mosquitto_property_read_varint(
                    properties, Int32(MQTT_PROP_SUBSCRIPTION_IDENTIFIER.rawValue), &identifier, false)
            }
            Unmanaged<Connection>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.deliver(message, subscription: identifier) }
        }
        mosquitto_subscribe_callback_set(pointer) { _, context, messageID, count, granted in
            Connection.of(context)?.onSubscribed?(messageID, Array(UnsafeBufferPointer(start: granted, count: Int(count))))
        }
        mosquitto_unsubscribe_callback_set(pointer) { _, context, messageID in
            Connection.of(context)?.onUnsubscribed?(messageID)
        }
        mosquitto_publish_v5_callback_set(pointer) { _, context, messageID, reason, _ in
            Connection.of(context)?.onPublished?(messageID, reason)
        }
    }

    func listenToLog(_ pointer: OpaquePointer) {
        mosquitto_log_callback_set(pointer) { _, context, level, text in
            guard let text, let context else { return }
            if level == MOSQ_LOG_ERR { return Connection.of(context)?.log(String(cString: text)) ?? () }
            guard level == MOSQ_LOG_DEBUG else { return }
            Unmanaged<Connection>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.noteDuplicate(text) }
        }
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> Connection? {
        context.map { Unmanaged<Connection>.fromOpaque($0).takeUnretainedValue() }
    }
}
