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
    public func codes(of alerts: ReportedAlerts, layout: ProfileLayout, former: [String] = []) -> [ReportedCode] {
        guard let tape else { return [] }
        let rule = layout.profile.alerts[alerts.list]
        var found: [(code: String, item: Int?)] = []
        switch rule.form {
        case .bits(let names): found = Self.bitNames(tape, alerts.tapeIndex, names).map { ($0, nil) }
        case .errorState: found = Self.errorStates(tape, alerts.tapeIndex, former).map { ($0, nil) }
        default:
            tape.forEachItem(alerts.tapeIndex) { item in
                if let code = Self.code(tape, item, rule.form), !code.isEmpty { found.append((Self.bounded(code), item)) }
                return found.count < Self.maximumCodes
            }
        }
        var codes: [ReportedCode] = []
        for (code, item) in found where !rule.isIgnored(code) && !codes.contains(where: { $0.code == code }) {
            codes.append(Self.report(code, item.map { Item(tape: tape, index: $0) }, rule))
        }
        return codes
    }

    private struct Item {
        var tape: JSONTape
        var index: Int

        func text(_ names: [String]) -> String? {
            names.lazy.compactMap { tape.member(index, $0.utf8).flatMap { tape.text($0) } }.first
        }
    }

    /// What the profile says of this very code comes first, then what the device says of it.
    private static func report(_ code: String, _ item: Item?, _ rule: AlertListRule) -> ReportedCode {
        let known = rule.rule(for: code)
        let said = item?.text(rule.severityMembers).flatMap { rule.severities[$0] }
        let text = item?.text(rule.textMembers).map { SupplyName.readable(Array($0.utf8), maximumBytes: maximumTextBytes) }
        let hint = rule.supplyRule(for: code).flatMap { SupplyHint($0) { name in item?.text([name]).map(bounded) } }
        return ReportedCode(
            code: code, severity: known?.severity ?? said ?? rule.defaultSeverity,
            text: text.flatMap { $0.isEmpty ? nil : $0 } ?? known?.text ?? code, playbook: known?.playbook, hint: hint)
    }

    private static func bitNames(_ tape: JSONTape, _ index: Int, _ names: [Int: String]) -> [String] {
        let number = tape.integer(index) ?? tape.numberOrText(index).flatMap { Int64(exactly: $0) }
        guard let number else { return [] }
        return (0..<64).filter { number & (1 << Int64($0)) != 0 }.map { names[$0] ?? "bit-\($0)" }
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
        case .member(let name): return tape.memberText(index, name)
        case .template(let template):
            return template.filled { name in tape.memberText(index, name).map(bounded) }
        case .hexPair(let prefix, let high, let low):
            guard let a = tape.member(index, high.utf8).flatMap({ tape.integer($0) }),
                let b = tape.member(index, low.utf8).flatMap({ tape.integer($0) })
            else { return nil }
            let words = [a >> 16, a, b >> 16, b].map { word in
                let digits = String(UInt16(truncatingIfNeeded: word), radix: 16, uppercase: true)
                return String(repeating: "0", count: 4 - digits.count) + digits
            }
            return prefix + words.joined(separator: "_")
        }
    }
}
