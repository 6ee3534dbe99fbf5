import Documents
import RemoteSupport
import Telemetry

extension JSONWriter {
    package mutating func members(of ticket: Ticket) {
        member("ticket", ticket.id)
        member("alarm", ticket.alarm)
        member("severity", ticket.severity.rawValue)
        member("text", ticket.text)
        member("reason", ticket.reason)
        member("onset", ticket.onsetMilliseconds)
        member("state", ticket.state.rawValue)
        member("undelivered", ticket.undelivered)
    }
}

extension DocumentNode {
    /// Placeholders that are a number where a string holds nothing else.
    private static let numbers: Set = ["{deadlineMilliseconds}", "{deadlineSeconds}"]

    /// The value with `{name}` filled in wherever a string holds it.
    func filled(_ values: [(String, String)]) -> DocumentNode {
        switch value {
        case .string(let text): DocumentNode(Self.filled(text, values), at: position)
        case .array(let items): DocumentNode(.array(items.map { $0.filled(values) }), at: position)
        case .object(let members):
            DocumentNode(
                .object(
                    members.map { member in
                        var filled = member
                        filled.node = member.node.filled(values)
                        return filled
                    }), at: position)
        default: self
        }
    }

    private static func filled(_ text: String, _ values: [(String, String)]) -> DocumentValue {
        let filled = NameTemplate(text).filled(values)
        guard numbers.contains(text), let number = Double(filled) else { return .string(filled) }
        return .number(number, text: filled)
    }
}

extension CommandRule {
    /// What is published: JSON, or the string itself.
    func body(_ values: [(String, String)]) -> [UInt8] {
        let filled = payload.filled(values)
        if format == .text, case .string(let text) = filled.value { return Array(text.utf8) }
        var writer = JSONWriter()
        filled.write(to: &writer)
        return writer.bytes
    }
}
