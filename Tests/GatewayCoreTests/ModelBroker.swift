/// A broker with one session, the wire to it, and a gateway that commits and acknowledges: enough of MQTT to lose things at every point.
struct ModelBroker {
    enum Ids: CaseIterable {
        /// The next number, as mosquitto does.
        case onward
        case lowestFree
        /// Onward, but from 1 whenever nothing is in flight, as NATS does.
        case fromOneWhenIdle
    }

    struct Message: Equatable {
        let serial: Int
        let content: UInt64
    }

    struct Packet {
        var id: UInt16
        var message: Message
        var isDuplicate: Bool
    }

    let ids: Ids
    let window: Int
    private var lastID: UInt16 = 0
    private var queue: [Message] = []
    /// Sent and not acknowledged as far as the broker knows, in the order in which they were sent first.
    private(set) var inFlight: [Packet] = []
    /// What has not been sent again yet on this connection.
    private var toResend: [Packet] = []
    private(set) var wire: [Packet] = []
    /// By message and not by id, as a broker that cannot mistake the second acknowledgement of one message for the first of the next.
    private var acknowledgements: [Int] = []
    private var nextSerial = 0

    init(ids: Ids, window: Int) {
        self.ids = ids
        self.window = window
    }

    var isIdle: Bool { queue.isEmpty && inFlight.isEmpty && wire.isEmpty && acknowledgements.isEmpty && toResend.isEmpty }
    /// Messages of the connection before are still to come again.
    var isResending: Bool { !toResend.isEmpty || wire.contains { $0.isDuplicate } }

    mutating func publish(content: UInt64) {
        queue.append(Message(serial: nextSerial, content: content))
        nextSerial += 1
    }

    /// Sends one packet: what is to be sent again goes first, unless the broker is one that does so later.
    mutating func send(newFirst: Bool) {
        if !toResend.isEmpty, !newFirst || queue.isEmpty || inFlight.count >= window { return wire.append(toResend.removeFirst()) }
        guard !queue.isEmpty, inFlight.count < window else { return }
        let packet = Packet(id: takeID(), message: queue.removeFirst(), isDuplicate: false)
        inFlight.append(packet)
        wire.append(packet)
    }

    private mutating func takeID() -> UInt16 {
        let used = Set(inFlight.map(\.id))
        switch ids {
        case .lowestFree: lastID = 1
        case .onward: lastID = lastID == .max ? 1 : lastID + 1
        case .fromOneWhenIdle: lastID = inFlight.isEmpty ? 1 : lastID + 1
        }
        while used.contains(lastID) { lastID = lastID == .max ? 1 : lastID + 1 }
        return lastID
    }

    mutating func receive() -> Packet? { wire.isEmpty ? nil : wire.removeFirst() }

    mutating func acknowledge(_ packets: [Packet]) { acknowledgements += packets.map(\.message.serial) }

    /// The broker reads one acknowledgement.
    mutating func readAcknowledgement() {
        guard !acknowledgements.isEmpty else { return }
        let serial = acknowledgements.removeFirst()
        inFlight.removeAll { $0.message.serial == serial }
        toResend.removeAll { $0.message.serial == serial }
    }

    /// It has waited too long, and sends on the same connection what is in flight.
    mutating func resendOnTheSameConnection() {
        for packet in inFlight where !toResend.contains(where: { $0.id == packet.id }) {
            wire.append(Packet(id: packet.id, message: packet.message, isDuplicate: true))
        }
    }

    /// The connection ends with everything that is on it, and the next one stands.
    mutating func reconnect() {
        wire = []
        acknowledgements = []
        toResend = inFlight.map { Packet(id: $0.id, message: $0.message, isDuplicate: true) }
    }
}
