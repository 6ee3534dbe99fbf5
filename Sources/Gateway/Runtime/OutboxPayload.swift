import Documents
import GatewayCore

/// The payload of an outbox row: what a delivery needs beside its key after a restart.
struct OutboxPayload {
    var topic: String
    var expiresMilliseconds: Int64?
    var body: [UInt8]

    init(_ delivery: Delivery) {
        topic = delivery.topic
        expiresMilliseconds = delivery.expiresMilliseconds
        body = delivery.body
    }

    init(decoding bytes: [UInt8]) throws(ByteCodingError) {
        var reader = ByteReader(bytes)
        topic = try reader.text()
        let expires: Int64 = try reader.integer()
        expiresMilliseconds = expires == .max ? nil : expires
        body = try reader.blob()
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(topic)
        writer.write(expiresMilliseconds ?? .max)
        writer.write(blob: body)
        return writer.bytes
    }
}
