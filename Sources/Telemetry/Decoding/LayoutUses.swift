/// What the profile wants of a member of a message.
///
/// One value may serve several purposes: the running hours of a seal are a metric and the level of a supply, one status word is a number and a
/// list of codes, and two temperatures are packed into one number. The member's node has the first purpose. Each further one is a node of its
/// own behind it (`FieldNode.further`), so members with one purpose, which are nearly all, pay for none of this.
extension ProfileLayout {
    /// Reads off the positions of a node what it is.
    mutating func settle(node: Int32) {
        for position in origins[Int(node)] {
            let pattern = patterns[position.pattern]
            if position.depth < pattern.tokens.count {
                guard case .each(_, let member, _) = pattern.tokens[position.depth] else { continue }
                nodes[Int(node)].takesNew = true
                if let member, nodes[Int(node)].itemMemberOffset < 0 {
                    nodes[Int(node)].itemMemberOffset = Int32(keyBytes.count)
                    nodes[Int(node)].itemMemberLength = Int32(member.count)
                    keyBytes.append(contentsOf: member)
                }
                continue
            }
            switch pattern.target {
            case .ignored: if isFree(node) { nodes[Int(node)].isIgnored = true }
            case .time(let message): nodes[Int(node)].timeOf |= 1 << UInt64(message)
            case .required(let message): nodes[Int(node)].requiredBy |= 1 << UInt64(message)
            case .metric(let general) where isText(general, position): nodes[Int(node)].hasTextRules = true
            case .metric, .supply, .absence, .alerts: use(node, as: position)
            }
        }
    }

    /// It has no purpose yet that reads its value.
    private func isFree(_ node: Int32) -> Bool {
        let field = nodes[Int(node)]
        return field.slot.isNone && !field.isOpen && field.alertList < 0 && field.timeOf == 0 && field.absentSupply.isNone
    }

    private mutating func use(_ node: Int32, as position: PatternPosition) {
        guard !nodes[Int(node)].isIgnored, isWanted(position, at: node) else { return }
        switch patterns[position.pattern].target {
        case .alerts(let list):
            guard let place = place(at: node, for: position) else { return }
            nodes[Int(place)].alertList = Int32(list)
            nodes[Int(place)].holdsCodes = true
            nodes[Int(node)].holdsCodes = true
        case .metric(let general):
            use(node, asMetric: rule(of: general, named: profile.metrics[general].name.filled(position.captures)), position)
        case .supply(let rule):
            guard let slot = makeSupply(rule: rule, captures: position.captures), let place = place(at: node, of: slot, for: position)
            else { return }
            nodes[Int(place)].slot = slot
        case .absence(let rule):
            guard let slot = makeSupply(rule: rule, captures: position.captures), let place = place(at: node, for: position) else { return }
            nodes[Int(place)].absentSupply = self[slot].supply
        case .time, .required, .ignored: break
        }
    }

    private mutating func use(_ node: Int32, asMetric index: Int, _ position: PatternPosition) {
        let rule = profile.metrics[index]
        if rule.isOpen || rule.isUnit {
            guard !chain(from: node).contains(where: { isPlace(ofMetric: index, $0) }), let place = place(at: node, for: position) else {
                return
            }
            describe(place, metric: index)
            nodes[Int(place)].isOpen = true
            return
        }
        guard let slot = makeSlot(name: rule.name.filled(position.captures), metricRule: index),
            let place = place(at: node, of: slot, for: position)
        else { return }
        describe(place, metric: index)
        nodes[Int(place)].slot = slot
        takeUnit(of: position, slot)
    }

    /// The plainest pointer that leads to a member takes it, and with it all pointers of the same form. So "every further number" is none of those
    /// that have a purpose, and two metrics may name one member. A list of codes, and what says that a level is not known, is always named on purpose.
    private func isWanted(_ position: PatternPosition, at node: Int32) -> Bool {
        switch patterns[position.pattern].target {
        case .alerts, .absence: return true
        case .metric, .supply, .time, .required, .ignored: break
        }
        let tokens = patterns[position.pattern].tokens
        let first = origins[Int(node)].first { other in
            guard other.depth == patterns[other.pattern].tokens.count else { return false }
            switch patterns[other.pattern].target {
            case .ignored, .absence: return false
            case .metric(let general): return !isText(general, other)
            case .time, .required, .alerts, .supply: return true
            }
        }
        guard let first else { return true }
        return PathPattern.haveSameForm(patterns[first.pattern].tokens, tokens)
    }

    /// The metric looks for its value in the text.
    private func isText(_ general: Int, _ position: PatternPosition) -> Bool {
        profile.metrics[rule(of: general, named: profile.metrics[general].name.filled(position.captures))].match != nil
    }

    /// The node for a purpose: the member's own while that is free, otherwise a new one behind it. Nil when there is no room.
    private mutating func place(at node: Int32, for position: PatternPosition) -> Int32? {
        if isFree(node) { return node }
        guard nodes.count < Self.maximumNodes else {
            refusedNames += 1
            growth.refused += 1
            return nil
        }
        let place = Int32(nodes.count)
        growth.fields += 1
        // It has the member's key, by which problems are told, and stands in no list of children.
        nodes.append(FieldNode(keyOffset: nodes[Int(node)].keyOffset, keyLength: nodes[Int(node)].keyLength))
        origins.append([position])
        let last = chain(from: node).last ?? node
        nodes[Int(last)].further = place
        return place
    }

    /// As above; nil when the member fills the slot already, because two places of a metric are the same one.
    private mutating func place(at node: Int32, of slot: SlotIndex, for position: PatternPosition) -> Int32? {
        chain(from: node).contains { nodes[Int($0)].slot == slot } ? nil : place(at: node, for: position)
    }

    /// A node and those behind it.
    private func chain(from node: Int32) -> [Int32] {
        Array(sequence(first: node) { [nodes] in nodes[Int($0)].further >= 0 ? nodes[Int($0)].further : nil })
    }

    private func isPlace(ofMetric index: Int, _ node: Int32) -> Bool {
        let field = nodes[Int(node)]
        return field.isOpen && profile.metrics[Int(field.rule)].name == profile.metrics[index].name
    }

    /// How the values of a metric have to be read.
    private mutating func describe(_ node: Int32, metric index: Int) {
        let rule = profile.metrics[index]
        nodes[Int(node)].rule = Int32(index)
        nodes[Int(node)].isConverted = rule.scale != 1 || rule.offset != 0
        // A state is compared as a text, whatever the device sends.
        let isNumber = rule.kind != .state && !rule.isOpen
        nodes[Int(node)].isPeculiar =
            rule.hasUnknownWords || (!isNumber && !rule.unknown.isEmpty) || rule.hasCompanions || rule.packing != nil
        nodes[Int(node)].isBounded = bounds[index].isSet
    }
}
