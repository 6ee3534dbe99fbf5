import Foundation

@testable import MQTTLink

/// A broker with one persistent session, and the link to it. Links come and go, the session stays: what is not acknowledged is sent again on
/// the next connection, marked, in its order and under its id, as MQTT says and mosquitto does.
final class SimulatedBroker {
    struct Message {
        let topic: String
        let payload: [UInt8]
        var id: UInt16 = 0
        var wasSent = false
    }

    /// Sent and not acknowledged, in the order in which they were sent first.
    private var inFlight: [Message] = []
    private var queue: [Message] = []
    private var lastID: UInt16 = 0
    private(set) var acknowledged = 0
    var isSubscribed = false
    static let maximumInFlight = 40

    var isIdle: Bool { inFlight.isEmpty && queue.isEmpty }

    func publish(_ topic: String, _ payload: [UInt8]) { queue.append(Message(topic: topic, payload: payload)) }

    /// A new connection has everything of the session still to come.
    func connected() -> [Message] { inFlight }

    func next() -> Message? {
        guard inFlight.count < Self.maximumInFlight, !queue.isEmpty else { return nil }
        lastID = lastID == .max ? 1 : lastID + 1
        var message = queue.removeFirst()
        message.id = lastID
        var sent = message
        sent.wasSent = true
        inFlight.append(sent)
        return message
    }

    func acknowledge(_ ids: ArraySlice<UInt16>) {
        inFlight.removeAll { message in ids.contains(message.id) }
        acknowledged += ids.count
    }
}

/// One program's way to the broker.
final class SimulatedLink: IngestLink {
    private let broker: SimulatedBroker
    private let onMessage: IngestClient.MessageHandler
    private let onConnectionChange: (ConnectionEvent) -> Void
    /// What the world does at the next occasion.
    private let world: World
    private var isUp = false
    private var toResend: [SimulatedBroker.Message] = []
    private var held: [UInt16] = []
    private var filters: [String]
    private(set) var deliveredMessages = 0

    /// The dice of the simulation, and whether the program is still alive.
    protocol World: AnyObject {
        var isDead: Bool { get }
        func happens(oneIn: Int) -> Bool
        func number(below: Int) -> Int
        /// The program ends here.
        func die()
    }

    init(
        _ broker: SimulatedBroker, _ world: any World, filters: [String], onMessage: @escaping IngestClient.MessageHandler,
        onConnectionChange: @escaping (ConnectionEvent) -> Void
    ) {
        self.broker = broker
        self.world = world
        self.filters = filters
        self.onMessage = onMessage
        self.onConnectionChange = onConnectionChange
    }

    var sessionFilters: [String] { broker.isSubscribed ? filters : [] }
    var grantedFilters: [String] { sessionFilters }
    var refusals: [(filter: String, error: MQTTError)] { [] }
    func want(_ filters: [String]) throws(MQTTError) { self.filters = filters }
    func close() { isUp = false }

    private func drop() {
        isUp = false
        held = []
        onConnectionChange(.disconnected(MQTTError(code: 7, operation: "read", message: "the broker closed the connection")))
    }

    func receive(timeoutMilliseconds: Int32, maximumMessages: Int, maximumBytes: Int) throws(MQTTError) -> IngestClient.ReceiveResult {
        var result = IngestClient.ReceiveResult()
        guard isUp, !world.isDead else { return result }
        let wanted = min(maximumMessages, 1 + world.number(below: 12))
        while result.messages < wanted {
            // The connection may end between any two messages; what was read by then stays to be committed.
            if world.happens(oneIn: 60) {
                drop()
                break
            }
            guard let message = toResend.isEmpty ? broker.next() : toResend.removeFirst() else { break }
            held.append(message.id)
            deliveredMessages += 1
            result.messages += 1
            result.bytes += message.payload.count
            message.topic.withCString { topic in
                message.payload.withUnsafeBytes {
                    onMessage(topic, $0, IngestClient.Packet(id: message.id, isDuplicate: message.wasSent, isRetained: false))
                }
            }
        }
        return result
    }

    func acknowledge() {
        guard isUp, !world.isDead else { return }
        // The program may die, or the connection end, with none, some or all of the acknowledgements at the broker.
        let isCut = world.happens(oneIn: 25)
        let arrived = isCut ? world.number(below: held.count + 1) : held.count
        broker.acknowledge(held.prefix(arrived))
        held = []
        guard isCut else { return }
        if world.happens(oneIn: 2) { world.die() } else { isLost = true }
    }

    /// An acknowledgement met the end of the connection, which is told at the next `maintain`.
    private var isLost = false

    func maintain(nowMilliseconds: Int64) {
        guard !world.isDead else { return }
        if isLost {
            isLost = false
            return drop()
        }
        guard !isUp, world.number(below: 3) == 0 else { return }
        isUp = true
        toResend = broker.connected()
        onConnectionChange(.connected(sessionPresent: broker.isSubscribed))
        if !broker.isSubscribed { broker.isSubscribed = true }
        onConnectionChange(.subscribed)
    }
}
