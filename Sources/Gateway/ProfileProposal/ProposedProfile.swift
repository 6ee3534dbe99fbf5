import Telemetry

/// A profile that is proposed to a person: what was understood, and in comments what was not and why.
public struct ProposedProfile: Sendable {
    struct Message: Equatable, Sendable {
        enum Format: String { case json, text, auto }

        var name: String
        var topic: String
        var format: Format
        var time: (pointer: String, unit: String)?
        var liveness: Liveness?
        var comment: String?

        static func == (a: Message, b: Message) -> Bool { a.name == b.name && a.topic == b.topic }
    }

    struct Liveness: Equatable, Sendable {
        var pointers: [String]
        var online: [String]
        var offline: [String]
    }

    struct Metric: Equatable, Sendable {
        enum Kind: String { case gauge, counter, state, any }

        var name: String
        var message: String
        var pointer: String
        var kind: Kind
        var unit = ""
        var scale: Double = 1
        var states: [String] = []
        /// What words mean, by the word.
        var values: [(raw: String, meaning: String)] = []
        var unknown: [String] = []
        var comment: String?

        /// Whether they mean the same, whatever they are called.
        static func == (a: Metric, b: Metric) -> Bool {
            a.message == b.message && a.pointer == b.pointer && a.kind == b.kind && a.unit == b.unit && a.scale == b.scale
                && a.values.map(\.raw) == b.values.map(\.raw) && a.values.map(\.meaning) == b.values.map(\.meaning)
        }
    }

    struct Supply: Sendable {
        var name: String
        var message: String
        var pointer: String
        var comment: String?
    }

    struct AlertList: Sendable {
        var message: String
        var pointer: String
    }

    struct Command: Sendable {
        var name: String
        var topic: String
        var payload: String
    }

    public internal(set) var name: String
    public internal(set) var title: String
    /// The devices that it was made from, as their topics name them.
    public internal(set) var devices: [String] = []
    /// What a person has to know: what was left out and where, what was guessed.
    public internal(set) var notes: [String] = []
    var messages: [Message] = []
    var metrics: [Metric] = []
    var supplies: [Supply] = []
    var alerts: [AlertList] = []
    var commands: [Command] = []
    var silentAfterSeconds: Int?

    static let maximumNotes = 200

    init(name: String, title: String) {
        self.name = name
        self.title = title
    }

    mutating func note(_ text: String) {
        if notes.count < Self.maximumNotes { notes.append(text) }
        if notes.count == Self.maximumNotes { notes.append("and more, which is not told one by one") }
    }

    /// Gives the metric a name that no other has: a number is put behind it.
    mutating func add(_ metric: Metric) {
        guard metrics.count < ProfileLayout.maximumSlots - 6 else {
            return note("left out: \(metric.pointer) of \(metric.message): a profile has at most \(ProfileLayout.maximumSlots) metrics")
        }
        var metric = metric
        let wanted = metric.name
        var number = 2
        while metrics.contains(where: { $0.name == metric.name }) || supplies.contains(where: { $0.name == metric.name }) {
            metric.name = "\(wanted)-\(number)"
            number += 1
        }
        metrics.append(metric)
    }
}
