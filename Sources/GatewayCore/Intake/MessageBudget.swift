/// What one message may cost beyond its own bytes. A message of a few hundred kilobytes may have thousands of parts, and each part may bring a
/// device, names, alarms and chunks of history; without a bound one message could use up the memory of the machine, and again at each start.
///
/// Counted while one message is taken; no part of the state. The limits are far above what an honest message needs.
struct MessageBudget: Sendable {
    /// Devices that were not known before. A bridge with more of them brings the rest with its next messages.
    static let maximumNewDevices = 256
    /// Members, list items and words of states that no layout knew before. Looked at between two parts.
    static let maximumNewNames = 1024
    /// Decisions, deliveries and chunks of history. Looked at between two parts, each of which has at most a few hundred.
    static let maximumEffects = 4096

    /// The message that is counted for, and its parts.
    private var event: Int64 = 0
    private var parts = 1
    private var newDevices = 0
    private var newNames = 0
    private var firstEffect = 0
    /// Further documents of the message are being taken, and what they cost is counted with the first.
    private var isProceeding = false

    mutating func begin(_ event: Int64, parts: Int = 1, effects: Int) {
        if isProceeding, event == self.event {
            self.parts += parts - 1
            return
        }
        self = MessageBudget()
        self.event = event
        self.parts = parts
        firstEffect = effects
    }

    mutating func proceed(_ event: Int64, documents: Int, effects: Int) {
        if event != self.event { begin(event, effects: effects) }
        parts += documents
        isProceeding = true
    }

    mutating func add(parts more: Int) { parts += more }

    func parts(of event: Int64) -> Int { event == self.event ? parts : 1 }

    /// Whether one more device may be made; counts it.
    mutating func takesDevice() -> Bool {
        guard newDevices < Self.maximumNewDevices else { return false }
        newDevices += 1
        return true
    }

    var hasRoomForDevices: Bool { newDevices < Self.maximumNewDevices }

    mutating func grew(by names: Int) { newNames += names }

    /// Which limit is used up, in words; nil while another part may be taken. `effects` is how many there are now.
    func exhausted(effects: Int) -> String? {
        if effects - firstEffect >= Self.maximumEffects { return "one message decides at most \(Self.maximumEffects) things" }
        if newNames >= Self.maximumNewNames { return "one message brings at most \(Self.maximumNewNames) new names" }
        return nil
    }
}

/// What of a message could not be used. However much it is, it becomes one dead letter with one copy of the payload.
struct MessageTrouble: Sendable {
    private(set) var count = 0
    private(set) var droppedParts = 0
    private(set) var profile: String?
    private var first = ""
    private var limit = ""

    var isEmpty: Bool { count == 0 && droppedParts == 0 }

    mutating func note(_ profile: String?, _ reason: String) {
        count += 1
        guard count == 1 else { return }
        first = reason
        if self.profile == nil { self.profile = profile }
    }

    mutating func drop(_ parts: Int, of profile: String?, because limit: String) {
        droppedParts += parts
        self.limit = limit
        if self.profile == nil { self.profile = profile }
    }

    func reason(parts: Int) -> String {
        var sentences: [String] = []
        if count == 1 { sentences.append(first) }
        if count > 1, parts > 1 { sentences.append("\(count) times something of its \(parts) parts could not be used; first: \(first)") }
        if count > 1, parts <= 1 { sentences.append("\(first) (and \(count - 1) more)") }
        if droppedParts > 0 { sentences.append("\(droppedParts) of \(parts) parts were dropped: \(limit)") }
        return sentences.joined(separator: "; ")
    }
}
