/// What a text looks like that holds a value: `{register}({value}*kWh)`. Everything outside braces stands there as it is; `{value}` is the
/// value, `{}` is stepped over, and any other name takes part in the metric's name.
public struct TextPattern: Equatable, Sendable {
    enum Piece: Equatable, Sendable {
        case literal([UInt8])
        case value
        case skipped
        case capture(String)
    }
    public let text: String
    let pieces: [Piece]

    /// Throws a reason in words.
    public init(_ text: String) throws(PatternError) {
        var pieces: [Piece] = []
        var rest = text[...]
        while let first = rest.first {
            guard first == "{" else {
                let end = rest.firstIndex(of: "{") ?? rest.endIndex
                pieces.append(.literal(Array(rest[..<end].utf8)))
                rest = rest[end...]
                continue
            }
            guard let close = rest.firstIndex(of: "}") else { throw PatternError("a { has no }") }
            let name = rest[rest.index(after: rest.startIndex)..<close]
            // Nothing would tell where the first of two adjacent ones ends.
            if case .literal? = pieces.last {} else if !pieces.isEmpty { throw PatternError("something must stand between two braces") }
            pieces.append(name == "value" ? .value : name.isEmpty ? .skipped : .capture(String(name)))
            rest = rest[rest.index(after: close)...]
        }
        guard pieces.filter({ $0 == .value }).count == 1 else { throw PatternError("{value} must stand there once") }
        self.text = text
        self.pieces = pieces
    }

    public var captures: [String] {
        pieces.compactMap { if case .capture(let name) = $0 { name } else { nil } }
    }

    struct Match {
        var value: Slice<UnsafeBufferPointer<UInt8>>
        var captures: [(name: String, value: String)]
    }

    /// Matches the whole of `line`. Each piece in braces ends before the first occurrence of the literal that follows it.
    func match(_ line: Slice<UnsafeBufferPointer<UInt8>>) -> Match? {
        var rest = line
        var value: Slice<UnsafeBufferPointer<UInt8>>?
        var captures: [(name: String, value: String)] = []
        for (index, piece) in pieces.enumerated() {
            if case .literal(let bytes) = piece {
                guard rest.starts(with: bytes) else { return nil }
                rest = rest.dropFirst(bytes.count)
                continue
            }
            var end = rest.endIndex
            if index + 1 < pieces.count, case .literal(let following) = pieces[index + 1] {
                guard let found = rest.firstRange(of: following) else { return nil }
                end = found.lowerBound
            }
            let taken = rest[rest.startIndex..<end]
            rest = rest[end...]
            switch piece {
            case .value: value = taken
            case .capture(let name):
                guard ProfileLayout.isUsableName(Array(taken)) else { return nil }
                captures.append((name, String(decoding: taken, as: UTF8.self)))
            case .skipped, .literal: break
            }
        }
        guard let value, rest.isEmpty else { return nil }
        return Match(value: value, captures: captures)
    }
}
