import Hashing

/// Codes that are bits of one value.
extension ProfileLayout {
    /// False when they are not, or the value cannot be read.
    func alertValue(_ tape: JSONTape, _ index: Int, _ node: Int32, _ decoded: inout DecodedMessage) -> Bool {
        let list = Int(nodes[Int(node)].alertList)
        var hash = ReportedAlerts.emptyHash
        switch profile.alerts[list].form {
        case .bits:
            let number = tape.integer(index) ?? tape.numberOrText(index).flatMap { Int64(exactly: $0) }
            guard let number else { return false }
            if number != 0 { hash = ContentHash.combine(1, UInt64(bitPattern: number)) }
        case .errorState:
            guard let state = ErrorStateBits(tape, index) else { return false }
            // Nothing is not the same as "no error".
            if state.saysNothing { return true }
            hash = ContentHash.combine(UInt64(state.octets), UInt64(state.bits))
        default: return false
        }
        decoded.alerts.append(ReportedAlerts(list: list, hash: hash, tapeIndex: index, node: node))
        return true
    }
}
