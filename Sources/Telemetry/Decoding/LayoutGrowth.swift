import Hashing

/// How a layout comes to know its fields: from the profile at the start, from the telemetry later. None of it is on the hot path.
extension ProfileLayout {
    mutating func buildPatterns() {
        for (index, message) in profile.messages.enumerated().prefix(Self.maximumMessages) {
            if let time = message.time { patterns.append(FieldPattern(tokens: time.path.tokens, target: .time(message: index))) }
            if let path = message.requires { patterns.append(FieldPattern(tokens: path.tokens, target: .required(message: index))) }
        }
        for path in profile.ignored { patterns.append(FieldPattern(tokens: path.tokens, target: .ignored)) }
        for (index, list) in profile.alerts.enumerated() {
            patterns.append(FieldPattern(tokens: list.path.tokens, target: .alerts(index), messages: mask(list.message)))
        }
        for (index, metric) in profile.metrics.enumerated() where metric.onlyName == nil {
            patterns.append(FieldPattern(tokens: metric.path.tokens, target: .metric(index), messages: mask(metric.message)))
        }
        for (index, supply) in profile.supplies.enumerated() {
            patterns.append(FieldPattern(tokens: supply.level.tokens, target: .supply(index), messages: mask(supply.message)))
            guard case .key? = supply.level.tokens.last else { continue }
            for when in supply.unknownWhen {
                let tokens = Array(supply.level.tokens.dropLast()) + [.key(Array(when.member.utf8))]
                patterns.append(FieldPattern(tokens: tokens, target: .absence(supply: index), messages: mask(supply.message)))
            }
        }
        // Plain paths first, so that a path with captures never takes what a plain one names.
        patterns = patterns.enumerated().sorted {
            (Self.captureCount($0.element), $0.offset) < (Self.captureCount($1.element), $1.offset)
        }.map(\.element)
    }

    /// Message rules of that name; all of them for nil.
    private func mask(_ name: String?) -> UInt64 {
        guard let name else { return .max }
        return profile.messages.enumerated().prefix(Self.maximumMessages).reduce(0) {
            $1.element.name == name ? $0 | 1 << UInt64($1.offset) : $0
        }
    }

    /// A capture of every member counts far more than one of members that begin with something.
    private static func captureCount(_ pattern: FieldPattern) -> Int {
        pattern.tokens.reduce(0) { if case .each(_, _, let prefix) = $1 { $0 + (prefix.isEmpty ? 100 : 1) } else { $0 } }
    }

    /// Takes a slot over from an earlier layout. What the profile says now about kind and unit is set when the field is met.
    mutating func adopt(_ slot: MetricSlot) {
        guard slots.count < Self.maximumSlots, !slots.contains(where: { $0.name == slot.name }) else { return }
        slots.append(MetricSlot(name: slot.name, kind: slot.kind, unit: slot.unit))
        slots[slots.count - 1].isWatched = profile.watchesAnomalies && (slot.kind == .gauge || slot.kind == .counter)
        stateHeads.append(-1)
        owners.append(nil)
        for state in slot.states { _ = learnState(state, of: SlotIndex(slots.count - 1)) }
    }

    mutating func makeSlot(name: String, metricRule: Int) -> SlotIndex? {
        let rule = profile.metrics[metricRule]
        guard let slot = makeSlot(name: name, kind: rule.kind, unit: rule.unit, owner: .metric(metricRule)) else { return nil }
        for state in rule.states { _ = learnState(state, of: slot) }
        return slot
    }

    /// A name belongs to what claimed it first: a device must not turn a supply or a state into a gauge by a member of that name.
    mutating func makeSlot(name: String, kind: MetricKind, unit: String, owner: FieldTarget) -> SlotIndex? {
        if let known = slots.firstIndex(where: { $0.name == name }) {
            guard owners[known].map({ isSame($0, owner) }) ?? true else {
                refusedNames += 1
                return nil
            }
            owners[known] = owner
            slots[known].kind = kind
            // A unit that the device told (`setUnit`) outlives a restart; no profile of one device has another for it.
            if kind == .state || !unit.isEmpty || !profile.namesPerDevice { slots[known].unit = unit }
            watch(known, owner)
            return SlotIndex(known)
        }
        guard slots.count < Self.maximumSlots else {
            refusedNames += 1
            growth.refused += 1
            return nil
        }
        growth.metrics += 1
        slots.append(MetricSlot(name: name, kind: kind, unit: unit))
        stateHeads.append(-1)
        owners.append(owner)
        watch(slots.count - 1, owner)
        revision += 1
        return SlotIndex(slots.count - 1)
    }

    private mutating func watch(_ slot: Int, _ owner: FieldTarget) {
        var isWatched = false
        if case .metric(let rule) = owner, slots[slot].kind == .gauge || slots[slot].kind == .counter {
            isWatched = profile.metrics[rule].watchesAnomalies ?? profile.watchesAnomalies
        }
        guard slots[slot].isWatched != isWatched else { return }
        slots[slot].isWatched = isWatched
        revision += 1
    }

    /// Two rules may give one name when they mean the same by it: a value that a device tells on two topics is one metric.
    private func isSame(_ a: FieldTarget, _ b: FieldTarget) -> Bool {
        switch (a, b) {
        case (.metric(let first), .metric(let second)):
            // The reader has seen to it that the places of one name agree.
            first == second || profile.metrics[first].name == profile.metrics[second].name
                || profile.metrics[first].means(profile.metrics[second])
        // One supply whose level may stand in several places is as many rules.
        case (.supply(let first), .supply(let second)): profile.supplies[first].name == profile.supplies[second].name
        default: a == b
        }
    }

    mutating func makeSupply(rule index: Int, captures: [(String, String)]) -> SlotIndex? {
        let rule = profile.supplies[index]
        let name = rule.name.filled(captures)
        guard let slot = makeSlot(name: "supply." + name, kind: .level, unit: "%", owner: .supply(index)) else { return nil }
        let counter = rule.counter.flatMap { self.slot(named: $0) } ?? .none
        if !self[slot].supply.isNone {
            // A supply of an earlier layout: what the telemetry shows now says which rule is its own.
            let known = Int(self[slot].supply.place)
            capacityPaths[known] = rule.capacityPath?.filled(captures)
            let met = SupplySlot(name: name, rule: index, metric: slot, item: rule.item.filled(captures), counter: counter)
            if supplies[known] != met {
                supplies[known] = met
                revision += 1
            }
            return slot
        }
        self[slot].supply = SupplyIndex(supplies.count)
        revision += 1
        supplies.append(SupplySlot(name: name, rule: index, metric: slot, item: rule.item.filled(captures), counter: counter))
        supplyStamps.append(0)
        capacityPaths.append(rule.capacityPath?.filled(captures))
        return slot
    }

    /// Takes supplies over from an earlier layout, in their order, as far as the profile still has their rules.
    public mutating func adoptSupplies(_ remembered: [(name: String, rule: Int, item: String)]) {
        for supply in remembered {
            guard !supplies.contains(where: { $0.name == supply.name }), let metric = slot(named: "supply." + supply.name),
                let index = rule(forSupply: supply.name, remembered: supply.rule)
            else { continue }
            let counter = profile.supplies[index].counter.flatMap { slot(named: $0) } ?? .none
            self[metric].supply = SupplyIndex(supplies.count)
            owners[Int(metric.place)] = .supply(index)
            supplies.append(SupplySlot(name: supply.name, rule: index, metric: metric, item: supply.item, counter: counter))
            supplyStamps.append(0)
            capacityPaths.append(nil)
            revision += 1
        }
    }

    /// The rule of that very name; else the remembered one, if its template can give the name; else the first whose template can.
    private func rule(forSupply name: String, remembered: Int) -> Int? {
        let rules = profile.supplies
        if let plain = rules.firstIndex(where: { $0.name.text == name }) { return plain }
        if rules.indices.contains(remembered), rules[remembered].name.canGive(name) { return remembered }
        return rules.firstIndex { $0.name.canGive(name) }
    }

    /// Creates the nodes of all keys that the profile names outright below `node`; those below a captured name wait for `growLiteral`.
    mutating func growLiterals(from node: Int32) {
        var keys: [[UInt8]] = []
        for position in origins[Int(node)] {
            let tokens = patterns[position.pattern].tokens
            guard position.depth < tokens.count, case .key(let key) = tokens[position.depth] else { continue }
            if !position.captures.isEmpty {
                nodes[Int(node)].isLazy = true
            } else if !keys.contains(key) {
                keys.append(key)
            }
        }
        for key in keys {
            if let child = grow(from: node, key: key) { growLiterals(from: child) }
        }
    }

    /// Creates the child that the profile names `key`, when a device shows it for the first time. Allocates nothing when there is none.
    mutating func growLiteral(from node: Int32, key: UnsafeBufferPointer<UInt8>) -> Int32? {
        for position in origins[Int(node)] {
            let tokens = patterns[position.pattern].tokens
            guard position.depth < tokens.count, case .key(let literal) = tokens[position.depth], literal.elementsEqual(key) else {
                continue
            }
            guard let child = grow(from: node, key: literal) else { return nil }
            growLiterals(from: child)
            return child
        }
        return nil
    }

    /// Creates the child `key` of `node`, when a pattern leads there and there is room.
    /// `isOwnName`: the member is named by what stands in it, so its key was looked at already.
    mutating func grow(from node: Int32, key: [UInt8], isOwnName: Bool = false) -> Int32? {
        guard nodes.count < Self.maximumNodes else {
            refusedNames += 1
            growth.refused += 1
            return nil
        }
        let name = String(decoding: key, as: UTF8.self)
        let advanced = origins[Int(node)].compactMap { position -> PatternPosition? in
            let tokens = patterns[position.pattern].tokens
            guard position.depth < tokens.count else { return nil }
            var next = position
            next.depth += 1
            switch tokens[position.depth] {
            case .key(let literal): return literal == key ? next : nil
            case .each(let capture, let member, let prefix):
                guard isOwnName ? member != nil : key.starts(with: prefix),
                    let text = captured(key, name, by: patterns[position.pattern].target)
                else { return nil }
                let (plain, unit) = withoutUnit(text, patterns[position.pattern].target)
                guard !plain.isEmpty else { return nil }
                next.captures.append((capture, plain))
                if let unit { next.captures.append((Self.unitCapture, unit)) }
                return next
            }
        }
        guard !advanced.isEmpty else { return nil }
        let child = Int32(nodes.count)
        growth.fields += 1
        nodes.append(FieldNode(keyOffset: Int32(keyBytes.count), keyLength: Int32(key.count)))
        keyBytes.append(contentsOf: key)
        origins.append(advanced)
        nodes[Int(child)].nextSibling = nodes[Int(node)].firstChild
        nodes[Int(node)].firstChild = child
        if !isOwnName {
            let tokens = advanced.map { patterns[$0.pattern].tokens[$0.depth - 1] }
            // What the profile names outright is that, whatever stands in it.
            nodes[Int(child)].isNamedByKey = tokens.allSatisfy { if case .each(_, _?, _) = $0 { true } else { false } }
        }
        settle(node: child)
        return child
    }

    /// No capture of a profile has this name: a name cannot be empty.
    private static var unitCapture: String { "" }

    /// The name and the unit of a captured name such as `temp|°C`, where the rule says so.
    private func withoutUnit(_ text: String, _ target: FieldTarget) -> (name: String, unit: String?) {
        guard case .metric(let rule) = target, let sign = profile.metrics[rule].unitSign, let place = text.firstRange(of: sign) else {
            return (text, nil)
        }
        return (String(text[..<place.lowerBound]), String(text[place.upperBound...]))
    }

    mutating func takeUnit(of position: PatternPosition, _ slot: SlotIndex) {
        guard let unit = position.captures.first(where: { $0.name == Self.unitCapture })?.value else { return }
        setUnit(UnitConversion.code(unit), of: slot)
    }

    /// The rule that counts for a name: of the rows behind the general rule that say it the longest, or the general rule.
    func rule(of general: Int, named name: String) -> Int {
        rows(of: general).filter { profile.metrics[$0].isRow(for: name) }
            .max { (profile.metrics[$0].onlyName ?? "").utf8.count < (profile.metrics[$1].onlyName ?? "").utf8.count } ?? general
    }

    private func rows(of general: Int) -> Range<Int> {
        var end = general + 1
        while end < profile.metrics.count, profile.metrics[end].onlyName != nil { end += 1 }
        return (general + 1)..<end
    }

    /// The rule whose row this one is; itself when it is none.
    func generalRule(of index: Int) -> Int {
        var index = index
        while index > 0, profile.metrics[index].onlyName != nil { index -= 1 }
        return index
    }

    func takesText(rule general: Int) -> Bool {
        profile.metrics[general].takesText || rows(of: general).contains { profile.metrics[$0].takesText }
    }

    /// What a captured name is called: for supplies what is left of it when part numbers and the like are taken off, otherwise itself.
    private func captured(_ key: [UInt8], _ name: String, by target: FieldTarget) -> String? {
        switch target {
        case .supply, .absence: break
        case .metric, .time, .required, .alerts, .ignored: return Self.isUsableName(key) ? name : nil
        }
        let clean = SupplyName.clean(bytes: key).text
        return clean.isEmpty ? nil : clean
    }

    /// Names come from devices: bounded, printable.
    static func isUsableName(_ key: [UInt8]) -> Bool {
        !key.isEmpty && key.count <= maximumNameBytes && key.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// The text as a state's value: the beginning of one that is too long, with an ellipsis.
    static func shortened(_ text: String) -> String {
        let ellipsis = "…"
        guard text.utf8.count > maximumNameBytes else { return text }
        var length = 0
        let beginning = text.unicodeScalars.prefix { scalar in
            length += UTF8.width(scalar)
            return length <= maximumNameBytes - ellipsis.utf8.count
        }
        return String(beginning) + ellipsis
    }

    /// The number of a state's value; learns it when there is room.
    mutating func learnState(_ text: String, of slot: SlotIndex) -> Int32? {
        var text = text
        if let known = text.withUTF8({ knownState(UnsafeRawBufferPointer($0), of: slot) }) { return known }
        guard self[slot].states.count < Self.maximumStates, text.utf8.count <= Self.maximumNameBytes else {
            refusedNames += 1
            return nil
        }
        let index = Int32(self[slot].states.count)
        revision += 1
        growth.words += 1
        self[slot].states.append(text)
        remember(state: text, as: index, of: slot)
        return index
    }

    private mutating func remember(state word: String, as index: Int32, of slot: SlotIndex) {
        var word = word
        let hash = word.withUTF8 { ContentHash.combine(ContentHash.seed, UnsafeRawBufferPointer($0)) }
        stateEntries.append(
            StateEntry(
                hash: hash, offset: Int32(stateBytes.count), length: Int32(word.utf8.count), index: index, next: stateHeads[Int(slot.place)]
            ))
        stateBytes.append(contentsOf: word.utf8)
        stateHeads[Int(slot.place)] = Int32(stateEntries.count - 1)
    }

    /// The hash only saves comparing bytes: words come from devices, and one device must not take the word of another.
    func knownState(_ word: UnsafeRawBufferPointer, of slot: SlotIndex) -> Int32? {
        let hash = ContentHash.combine(ContentHash.seed, word)
        var at = stateHeads[Int(slot.place)]
        while at >= 0 {
            let entry = stateEntries[Int(at)]
            if entry.hash == hash, Int(entry.length) == word.count, isWord(entry, word) { return entry.index }
            at = entry.next
        }
        return nil
    }

    @inline(__always)
    private func isWord(_ entry: StateEntry, _ word: UnsafeRawBufferPointer) -> Bool {
        stateBytes.withUnsafeBytes { bytes in
            var at = 0
            while at < word.count, bytes[Int(entry.offset) + at] == word[at] { at += 1 }
            return at == word.count
        }
    }

    /// The raw word means a state of another name: from now on it is found like a name of its own.
    mutating func learnAlias(_ raw: String, for index: Int32, of slot: SlotIndex) {
        var raw = raw
        guard raw.withUTF8({ knownState(UnsafeRawBufferPointer($0), of: slot) }) == nil,
            stateEntries.count < Self.maximumSlots * Self.maximumStates
        else { return }
        remember(state: raw, as: index, of: slot)
    }

    /// What the profile's enumeration makes of a word.
    func meaning(of raw: String, rule: Int32) -> String? {
        rule < 0 ? nil : profile.metrics[Int(rule)].values.first { $0.raw == raw }?.meaning
    }
}
