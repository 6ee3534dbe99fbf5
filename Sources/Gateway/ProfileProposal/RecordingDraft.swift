import Documents
import Telemetry

/// A profile proposed from any recording: what a person would write who sees nothing but the messages.
public struct RecordingDraft: Sendable {
    public private(set) var profiles: [ProposedProfile] = []
    /// What no profile could be made of.
    public private(set) var notes: [String] = []

    static let maximumTopics = 5000

    public init(_ messages: [RecordedMessage], discoveryPrefix: String = "homeassistant") {
        var topics = TopicGroups()
        for message in messages {
            if message.topic.hasPrefix(discoveryPrefix + "/"), message.topic.hasSuffix("/config") {
                note("left out: \(discoveryPrefix)/…: announcements for Home Assistant, which `steward profile from-discovery` reads")
                continue
            }
            if let reason = topics.add(message) { note(reason) }
        }
        for group in topics.groups() {
            guard let made = DraftWriter(group).profile(notes: &notes) else { continue }
            profiles.append(made)
        }
        ProposedProfile.nameApart(&profiles)
    }

    private mutating func note(_ text: String) {
        if notes.count < ProposedProfile.maximumNotes, !notes.contains(text) { notes.append(text) }
    }
}
