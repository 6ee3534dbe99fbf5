import Documents
import GatewayCore

/// Damage of the store as the API shows it.
extension StewardCore {
    public func hasStoreDamage(_ id: String) -> Bool { storeDamage.contains(id) }

    /// `{"damage":[…]}`, the newest first.
    public func writeStoreDamage(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("damage")
        writer.beginArray()
        for entry in storeDamage.entries.reversed() {
            writer.beginObject()
            writer.members(of: entry.damage)
            writer.member("seen", entry.seenBy != nil)
            writer.member("seenBy", entry.seenBy)
            if let time = entry.seenMilliseconds { writer.member("seenAt", time) }
            writer.endObject()
        }
        writer.endArray()
        writer.member("dropped", storeDamage.dropped)
        writer.endObject()
    }
}
