/// A code that a device reports, with what it says of it.
public struct ReportedCode: Equatable, Sendable, Codable {
    public var code: String
    public var severity: Severity
    public var text: String
    public var playbook: String?
    /// What it says of supplies.
    public var hint: SupplyHint?
}

/// The lists of codes of the message that was decoded last. Asked when a list has changed.
extension MessageDecoder {
    static let maximumCodes = 64
    static let maximumTextBytes = 200

    /// The codes of a list, in its order, at most 64. `former` are those that held: of some the message may say nothing, and these stay.
    /// Where the rule reads events, they are the codes that begin to stand; see `endedCodes`.
    public func codes(of alerts: ReportedAlerts, layout: ProfileLayout, former: [String] = []) -> [ReportedCode] {
        let rule = layout.profile.alerts[alerts.list]
        var codes: [ReportedCode] = []
        for item in items(of: alerts, rule, former) where !rule.isIgnored(item.code) && !codes.contains(where: { $0.code == item.code }) {
            if item.isEnd { continue }
            if let code = Self.report(item, rule) { codes.append(code) }
        }
        return codes
    }

    /// The codes that the message says to stand no longer; nil where a message lists all that stand.
    public func endedCodes(of alerts: ReportedAlerts, layout: ProfileLayout) -> [String]? {
        let rule = layout.profile.alerts[alerts.list]
        return rule.event == nil ? nil : items(of: alerts, rule, []).filter(\.isEnd).map(\.code)
    }

    /// A code with where it comes from.
    private struct Item {
        var code: String
        var tape: JSONTape
        /// The object that tells more of the code, or the number that the code is; nil: a text, or a bit.
        var index: Int?
        var said: SaidSeverity?
        /// The code stands no longer.
        var isEnd = false

        func text(_ names: [String]) -> String? {
            guard let index else { return nil }
            return names.lazy.compactMap { tape.member(index, $0.utf8).flatMap { tape.text($0) } }.first
        }
    }

    private func items(of alerts: ReportedAlerts, _ rule: AlertListRule, _ former: [String]) -> [Item] {
        guard let tape else { return [] }
        let index = alerts.tapeIndex
        switch rule.form {
        case .bits(let bits): return Self.bitNames(bits.number(tape, index) ?? 0, bits).map { Item(code: $0, tape: tape) }
        case .errorState: return Self.errorStates(tape, index, former).map { Item(code: $0, tape: tape) }
        default: break
        }
        var found: [Item] = []
        if tape.isList(index) {
            tape.forEachItem(index) { item in
                Self.add(tape, item, rule, isOnly: false, to: &found)
                return found.count < Self.maximumCodes
            }
        } else {
            Self.add(tape, index, rule, isOnly: true, to: &found)
        }
        return found
    }

    /// - Parameter isOnly: the value is no list: what says that there is no code stands in its place.
    private static func add(_ tape: JSONTape, _ index: Int, _ rule: AlertListRule, isOnly: Bool, to found: inout [Item]) {
        if let separator = rule.separator, rule.form == .plain, tape.isString(index) {
            let text = String(decoding: tape.string(index).prefix(maximumCodes * (ProfileLayout.maximumNameBytes + 4)), as: UTF8.self)
            for piece in text.split(separator: separator, maxSplits: maximumCodes).prefix(maximumCodes) {
                let code = String(decoding: Array(piece.utf8)[...].trimmed(), as: UTF8.self)
                add(Item(code: code, tape: tape), rule, isOnly: true, to: &found)
            }
        } else if let code = Self.code(tape, index, rule.form) {
            add(Item(code: code, tape: tape, index: index), rule, isOnly: isOnly, to: &found)
        }
    }

    private static func add(_ item: Item, _ rule: AlertListRule, isOnly: Bool, to found: inout [Item]) {
        var item = item
        if let suffix = rule.suffixes.first(where: { item.code.hasSuffix($0.end) && item.code.utf8.count > $0.end.utf8.count }) {
            item.code = String(item.code.dropLast(suffix.end.count))
            item.said = suffix.severity
        }
        let isZero = item.index.flatMap { item.tape.numberOrText($0) } == 0
        let isNone = isOnly && (isZero || NoCode.isNone(item.code)) && !rule.names(item.code)
        guard !item.code.isEmpty, !isNone, found.count < maximumCodes else { return }
        item.code = bounded(item.code)
        if let event = rule.event {
            guard let word = item.text([event.member]) else { return }
            item.isEnd = event.clear.contains(word)
            guard item.isEnd || event.set.contains(word) else { return }
            // The last word of a message counts.
            found.removeAll { $0.code == item.code }
        }
        found.append(item)
    }

    /// What the profile says of this very code comes first, then what the device says of it. Nil for what is no alarm.
    private static func report(_ item: Item, _ rule: AlertListRule) -> ReportedCode? {
        let known = rule.rule(for: item.code)
        let said = item.said ?? saidSeverity(item, rule)
        if said == .ignored, known?.severity == nil { return nil }
        let saidSeverity: Severity? = if case .severity(let severity)? = said { severity } else { nil }
        let text = item.text(rule.textMembers).map { SupplyName.readable(Array($0.utf8), maximumBytes: maximumTextBytes) }
        let hint = rule.supplyRule(for: item.code).flatMap { SupplyHint($0) { name in item.text([name]).map(bounded) } }
        return ReportedCode(
            code: item.code, severity: known?.severity ?? saidSeverity ?? rule.defaultSeverity,
            text: text.flatMap { $0.isEmpty ? nil : $0 } ?? known?.text ?? item.code, playbook: known?.playbook, hint: hint)
    }

    /// By a member of the item; or, where the rule names none, by bits of the code itself.
    private static func saidSeverity(_ item: Item, _ rule: AlertListRule) -> SaidSeverity? {
        guard !rule.severities.isEmpty else { return nil }
        guard let packing = rule.severityPacking else { return item.text(rule.severityMembers).flatMap { rule.severities[$0] } }
        guard let index = item.index else { return nil }
        let members = rule.severityMembers.lazy.compactMap { item.tape.member(index, $0.utf8) }
        guard let number = item.tape.whole(rule.severityMembers.isEmpty ? index : members.first ?? index) else { return nil }
        return Int(exactly: packing.value(of: number)).flatMap { rule.severities[String($0)] }
    }

    private static func bitNames(_ number: UInt64, _ bits: AlertBits) -> [String] {
        (0..<64).filter { number & (1 << UInt64($0)) != 0 }.map { bits.names[$0] ?? "bit-\($0)" }
    }

    /// A list may hold octets, or the names of the bits. With one octet the device says nothing of the bits of the second.
    private static func errorStates(_ tape: JSONTape, _ index: Int, _ former: [String]) -> [String] {
        var octets: [Int] = []
        var names: [String] = []
        tape.forEachItem(index) { item in
            if tape.isString(item), let text = tape.text(item) {
                names.append(ErrorStateBits.Code(text)?.rawValue ?? bounded(text))
            } else {
                octets.append(Int(truncatingIfNeeded: tape.integer(item) ?? -1))
            }
            return octets.count + names.count < maximumCodes
        }
        if tape.isList(index), octets.isEmpty { return names }
        let bits = tape.isList(index) ? ErrorStateBits(numbers: octets) : ErrorStateBits(tape, index)
        guard let bits else { return former }
        return bits.codes.map(\.rawValue)
            + former.filter { code in ErrorStateBits.Code(rawValue: code).map { bits.isSet($0) == nil } ?? false }
    }

    private static func code(_ tape: JSONTape, _ index: Int, _ form: AlertListRule.CodeForm) -> String? {
        switch form {
        case .bits, .errorState: return nil
        case .plain: return tape.text(index)
        case .hexNumber(let prefix, let digits): return tape.whole(index).map { prefix + hexadecimal($0, digits: digits) }
        case .member(let name): return tape.memberText(index, name)
        case .template(let template):
            return template.filled { name in tape.memberText(index, name).map(bounded) }
        case .hexPair(let prefix, let high, let low):
            guard let a = tape.member(index, high.utf8).flatMap({ tape.integer($0) }),
                let b = tape.member(index, low.utf8).flatMap({ tape.integer($0) })
            else { return nil }
            return prefix + hexadecimal(a, digits: 8) + "_" + hexadecimal(b, digits: 8)
        }
    }

    /// The lowest digits of a number, an underscore after each four from the right.
    private static func hexadecimal(_ number: Int64, digits: Int) -> String {
        let text = String(UInt64(bitPattern: number), radix: 16, uppercase: true).suffix(digits)
        var result = ""
        for (left, digit) in zip((0..<digits).reversed(), String(repeating: "0", count: digits - text.count) + text) {
            result.append(digit)
            if left > 0, left % 4 == 0 { result.append("_") }
        }
        return result
    }
}
