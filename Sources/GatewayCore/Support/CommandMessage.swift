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
    /// The value with `{name}` filled in wherever a string holds it.
    func filled(_ values: [(String, String)]) -> DocumentNode {
        switch value {
        case .string(let text): DocumentNode(.string(NameTemplate(text).filled(values)), at: position)
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
