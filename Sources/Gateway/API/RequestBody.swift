import Documents
import HTTPService

/// Reads the one object that a request's body is. Wrong types, values out of bounds, missing and unknown members are told all at once, with
/// their places, as one problem document with status 400.
struct RequestBody {
    /// Longer texts from people are cut: they are for people to read.
    static let maximumTextBytes = 256
    let reader: ObjectReader

    /// Reads `request` by `read`, which returns nil only where it has added a mistake to the report. Throws `Refusal`.
    static func read<Value>(_ request: HTTPRequest, _ read: (RequestBody) -> Value?) throws -> Value {
        let report = DocumentReport(file: "body")
        do {
            let body = RequestBody(reader: ObjectReader(try DocumentParser.parse(request.body, file: "body"), "the body", report))
            let value = read(body)
            body.reader.finish()
            try report.throwIfAny()
            if let value { return value }
        } catch {
            throw Refusal(400, "The body cannot be taken", "\(error)")
        }
        throw Refusal(400, "The body cannot be taken", "A member is missing.")
    }

    /// A text from a person, not empty.
    func text(_ key: String, _ meaning: String) -> String? {
        guard let text = reader.requiredString(key, meaning) else { return nil }
        if text.isEmpty { add("\"\(key)\" is empty; it is \(meaning)", at: key) }
        return text.isEmpty ? nil : Self.cut(text)
    }

    func optionalText(_ key: String) -> String? { reader.string(key).map(Self.cut) }

    /// The name of a thing. It is refused when it is too long, because a shortened name would mean another thing.
    func name(_ key: String, _ meaning: String) -> String? {
        guard let text = reader.requiredString(key, meaning) else { return nil }
        return checked(text, key, meaning)
    }

    func optionalName(_ key: String, _ meaning: String) -> String? { reader.string(key).flatMap { checked($0, key, meaning) } }

    private func checked(_ text: String, _ key: String, _ meaning: String) -> String? {
        if (1...Self.maximumTextBytes).contains(text.utf8.count) { return text }
        add("\"\(key)\" has 1 to \(Self.maximumTextBytes) bytes; it is \(meaning)", at: key)
        return nil
    }

    func integer(_ key: String, _ meaning: String, in range: ClosedRange<Int>) -> Int? {
        reader.required(key, meaning) == nil ? nil : reader.integer(key, in: range)
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, _ meaning: String, _ type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        reader.required(key, meaning) == nil ? nil : reader.choice(key, type)
    }

    /// A list of 1 to `maximum` numbers. A wrong value refuses the whole list.
    func numbers(_ key: String, _ meaning: String, maximum: Int) -> [(value: Double, text: String)]? {
        guard let node = reader.required(key, meaning) else { return nil }
        guard let items = node.items, (1...maximum).contains(items.count) else {
            add("\"\(key)\" must be a list of 1 to \(maximum) numbers", at: key)
            return nil
        }
        var numbers: [(value: Double, text: String)] = []
        for item in items {
            guard case .number(let value, let text) = item.value else {
                reader.report.add("\"\(key)\" must be a list of numbers, found \(item.value.kindName)", at: item.position)
                return nil
            }
            numbers.append((value, text))
        }
        return numbers
    }

    /// A mistake, told at the member `key`, or at the body's beginning.
    func add(_ message: String, at key: String? = nil) {
        reader.report.add(message, at: key.flatMap(reader.node.member)?.position ?? reader.node.position)
    }

    static func cut(_ text: String) -> String { String(decoding: text.utf8.prefix(maximumTextBytes), as: UTF8.self) }
}
