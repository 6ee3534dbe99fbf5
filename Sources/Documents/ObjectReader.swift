/// Collects the mistakes of one file while it is read, so that all of them are told at once.
public final class DocumentReport {
    public let file: String
    public private(set) var diagnostics: [Diagnostic] = []
    /// What is no mistake and most likely not meant.
    public private(set) var warnings: [Diagnostic] = []

    public init(file: String) { self.file = file }

    public func warn(_ message: String, at position: SourcePosition) {
        warnings.append(Diagnostic(file: file, position: position, message: message))
    }

    public func add(_ message: String, at position: SourcePosition) {
        diagnostics.append(Diagnostic(file: file, position: position, message: message))
    }

    /// Throws all mistakes, in the order of the file.
    public func throwIfAny() throws(DocumentProblems) {
        guard diagnostics.isEmpty else {
            throw DocumentProblems(diagnostics.sorted { ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column) })
        }
    }
}

/// Typed access to the members of one object. Each asked key counts as known; `finish` reports the others with the nearest known key.
public final class ObjectReader {
    public let node: DocumentNode
    public let report: DocumentReport
    public let members: [DocumentMember]
    private let what: String
    private var known: [String] = []

    /// `what` names the object in error messages, such as "a metric". A node of another kind is reported and reads as empty.
    public init(_ node: DocumentNode, _ what: String, _ report: DocumentReport) {
        self.node = node
        self.what = what
        self.report = report
        if case .object(let members) = node.value {
            self.members = members
        } else {
            self.members = []
            report.add("expected \(what) as an object { … }, found \(node.value.kindName)", at: node.position)
        }
    }

    public func optional(_ key: String) -> DocumentNode? {
        known.append(key)
        return members.first { $0.key == key }?.node
    }

    public func required(_ key: String, _ expected: String) -> DocumentNode? {
        let found = optional(key)
        if found == nil { report.add("\(what) needs \"\(key)\": \(expected)", at: node.position) }
        return found
    }

    /// Reports a mistake at the value of a member, or at the object where it has no such member.
    public func add(_ message: String, at key: String) {
        report.add(message, at: members.first { $0.key == key }?.node.position ?? node.position)
    }

    private func wrong(_ node: DocumentNode, _ key: String, _ expected: String) {
        report.add("\"\(key)\" must be \(expected), found \(node.value.kindName)", at: node.position)
    }

    /// The value of a member as `read` takes it; one of another kind is reported.
    private func value<Value>(_ key: String, _ expected: String, _ read: (DocumentNode) -> Value?) -> Value? {
        guard let node = optional(key) else { return nil }
        let value = read(node)
        if value == nil { wrong(node, key, expected) }
        return value
    }

    public func string(_ key: String) -> String? { value(key, "a string", \.text) }

    public func number(_ key: String) -> Double? { value(key, "a number", \.number) }

    public func bool(_ key: String) -> Bool? { value(key, "true or false", \.flag) }

    public func requiredString(_ key: String, _ expected: String) -> String? {
        required(key, expected) == nil ? nil : string(key)
    }

    /// A whole number inside `range`; outside it or of another kind it is reported.
    public func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let node = optional(key) else { return nil }
        guard case .number(_, let text) = node.value, let whole = Int(text), range.contains(whole) else {
            report.add("\"\(key)\" must be a whole number from \(range.lowerBound) to \(range.upperBound)", at: node.position)
            return nil
        }
        return whole
    }

    /// A list of strings; a single string is taken as a list of one.
    public func strings(_ key: String) -> [String]? {
        guard let node = optional(key) else { return nil }
        if let one = node.text { return [one] }
        if node.items == nil { wrong(node, key, "a list of strings") }
        return node.items?.compactMap { item in
            if item.text == nil { wrong(item, key, "a list of strings") }
            return item.text
        }
    }

    /// One of the raw values of a string enumeration; anything else is reported with the nearest of them.
    public func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, _: Choice.Type) -> Choice? where Choice.RawValue == String {
        guard let text = string(key), let node = optional(key) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let all = Choice.allCases.map(\.rawValue)
        report.add(
            "\"\(key)\" cannot be \"\(text)\"\(Spelling.hint(text, among: all)); it is one of \(all.joined(separator: ", "))",
            at: node.position)
        return nil
    }

    public func object(_ key: String, _ what: String) -> ObjectReader? {
        optional(key).map { ObjectReader($0, what, report) }
    }

    /// The members of an object whose keys are names that the writer chose.
    public func named(_ key: String, _ what: String) -> [(member: DocumentMember, reader: ObjectReader)] {
        guard let node = optional(key) else { return [] }
        return ObjectReader(node, what, report).members.map { ($0, ObjectReader($0.node, what, report)) }
    }

    /// The members of an object whose values may be of several kinds.
    public func members(_ key: String) -> [DocumentMember] {
        optional(key).map { ObjectReader($0, key, report).members } ?? []
    }

    public func list(_ key: String, _ what: String) -> [ObjectReader] {
        (value(key, "a list", \.items) ?? []).map { ObjectReader($0, what, report) }
    }

    /// Reports every key that nothing asked for.
    public func finish() {
        for member in members where !known.contains(member.key) {
            let unique = known.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
            report.add(
                "unknown key \"\(member.key)\" in \(what)\(Spelling.hint(member.key, among: unique)); known are \(unique.joined(separator: ", "))",
                at: member.keyPosition)
        }
    }
}

/// Finds what a person may have meant.
public enum Spelling {
    /// ", did you mean …?" when one of the candidates is near; otherwise empty.
    public static func hint(_ word: String, among candidates: [String]) -> String {
        let limit = max(2, word.count / 3)
        let near = candidates.map { ($0, distance(word.lowercased(), $0.lowercased())) }.min { $0.1 < $1.1 }
        guard let near, near.1 <= limit else { return "" }
        return ", did you mean \"\(near.0)\"?"
    }

    /// Levenshtein's edit distance.
    static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b.unicodeScalars)
        var row = Array(0...b.count)
        for (i, x) in a.unicodeScalars.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (x == y ? 0 : 1))
                diagonal = row[j + 1]
                row[j + 1] = next
            }
        }
        return row[b.count]
    }
}
