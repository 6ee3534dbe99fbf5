/// Units that a device tells beside its values, of metrics for which the profile names none.
extension ProfileLayout {
    /// - Parameters:
    ///   - path: the members from `root` on.
    ///   - unit: as the device writes it; empty when it tells none any more.
    /// Returns whether anything changed. Only for a layout of one device (`namesPerDevice`): in one that is shared the next device may count
    /// in another unit.
    public mutating func setUnit(_ unit: String, at path: [Substring], root: Int32) -> Bool {
        guard profile.namesPerDevice, unit.isEmpty || Self.isUsableName(Array(unit.utf8)) else { return false }
        var node = root
        for key in path {
            guard let child = child(of: node, named: key) else { return false }
            node = child
        }
        let rule = nodes[Int(node)].rule
        guard rule >= 0, profile.metrics[Int(rule)].unit.isEmpty else { return false }
        var isChanged = false
        for slot in [nodes[Int(node)].slot, nodes[Int(node)].otherSlot] where !slot.isNone {
            if setUnit(unit, of: slot) { isChanged = true }
        }
        return isChanged
    }

    /// Likewise of a slot whose rule names no unit.
    @discardableResult
    mutating func setUnit(_ unit: String, of slot: SlotIndex) -> Bool {
        guard profile.namesPerDevice, unit.isEmpty || Self.isUsableName(Array(unit.utf8)) else { return false }
        guard self[slot].kind == .gauge || self[slot].kind == .counter, self[slot].unit != unit else { return false }
        self[slot].unit = unit
        revision += 1
        return true
    }

    private func child(of node: Int32, named key: Substring) -> Int32? {
        var at = nodes[Int(node)].firstChild
        while at >= 0 {
            let (offset, length) = (Int(nodes[Int(at)].keyOffset), Int(nodes[Int(at)].keyLength))
            if keyBytes[offset..<offset + length].elementsEqual(key.utf8) { return at }
            at = nodes[Int(at)].nextSibling
        }
        return nil
    }
}
