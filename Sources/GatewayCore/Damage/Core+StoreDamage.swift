import Documents

/// Damage of the store: the state may lack what was decided, so nothing is repeated without a question.
extension StewardCore {
    /// Nothing leaves the outbox that was put there before this; nil when nothing is held back.
    public var heldBackSince: Int64? { storeDamage.holdingBack?.foundMilliseconds }

    mutating func damaged(_ damage: StoreDamage) {
        guard storeDamage.note(damage) else { return }
        out.decide(.storeDamaged, at: now, device: "") { $0.members(of: damage) }
        guard damage.concernsDecisions else { return }
        let reason = Self.reasonToAsk(damage)
        orders.askAgain(reason: reason, fleet, &out)
        support.interrupt(reason: reason, fleet, &out)
    }

    mutating func sawDamage(_ id: String, _ person: String) {
        guard storeDamage.see(id, by: person, atMilliseconds: now) else {
            return out.refuse()
        }
        out.decide(.storeDamageSeen, at: now, device: "") { writer in
            writer.member("damage", id)
            writer.member("by", person)
        }
        // Alarms whose playbooks waited, and still stand, set them off now.
        alarms.inhibitionsMayHaveEnded()
    }

    /// Why an order or a command has to be asked for; nil: it has not.
    var reasonToAskAboutDamage: String? { storeDamage.holdingBack.map(Self.reasonToAsk) }

    private static func reasonToAsk(_ damage: StoreDamage) -> String {
        "it may have been done already: \(damage.text)"
    }
}

extension JSONWriter {
    package mutating func members(of damage: StoreDamage) {
        member("damage", damage.id)
        member("text", damage.text)
        member("found", damage.foundMilliseconds)
        if let first = damage.firstEvent { member("firstEvent", first) }
        if let last = damage.lastEvent { member("lastEvent", last) }
        if let after = damage.afterMilliseconds { member("after", after) }
        if let before = damage.beforeMilliseconds { member("before", before) }
        member("holdsBack", damage.concernsDecisions)
    }
}
