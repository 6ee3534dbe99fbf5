/// Things by id, in the order in which they came, so that walking over them is the same in every run.
package struct BoundedMap<Value: Sendable & Codable>: Sendable {
    package private(set) var ids: [String] = []
    /// How many there are when looking for finished ones is worth while again. It decides what is forgotten, so it is part of the state.
    private(set) var nextTrimCount = 0
    private var values: [String: Value] = [:]

    var count: Int { ids.count }
    var all: [Value] { ids.compactMap { values[$0] } }

    package subscript(id: String) -> Value? { values[id] }

    mutating func insert(_ value: Value, id: String) {
        if values.updateValue(value, forKey: id) == nil { ids.append(id) }
    }

    /// Reads a value where it lies: a copy of one has a dozen references.
    @inline(__always)
    func read<Result>(_ id: String, _ body: (borrowing Value) -> Result) -> Result? {
        guard let place = values.index(forKey: id) else { return nil }
        return body(values.values[place])
    }

    /// Changes a value in its place; nil when there is none.
    mutating func update<Result>(_ id: String, _ body: (inout Value) -> Result) -> Result? {
        guard let place = values.index(forKey: id) else { return nil }
        return body(&values.values[place])
    }

    /// From a snapshot, after the values. It is never more than a quarter above what there is; more would be damage.
    mutating func restore(nextTrimCount count: Int) { nextTrimCount = min(max(count, 0), ids.count + ids.count / 4) }

    /// Drops those that `isFinished` says may go until at most `limit` of them stay: the oldest of the owners that have more than a fair share, so
    /// that one that makes many takes the memory of its own past and not of others'.
    mutating func trim(finishedBeyond limit: Int, of owner: (borrowing Value) -> String, _ isFinished: (borrowing Value) -> Bool) {
        // Only after a quarter more have come, so that a trim costs little on average even when all are open.
        guard ids.count > max(limit, nextTrimCount) else { return }
        var excess: [String: Int] = [:]
        for id in ids {
            guard let name = read(id, { isFinished($0) ? owner($0) : nil }) ?? nil else { continue }
            excess[name, default: 0] += 1
        }
        var surplus = excess.values.reduce(-limit, +)
        if surplus > 0 {
            let share = Self.share(of: limit, excess.values.sorted())
            for name in excess.keys { excess[name]? -= share }
            var kept: [String] = []
            kept.reserveCapacity(ids.count)
            for id in ids {
                guard surplus > 0, let name = read(id, { isFinished($0) ? owner($0) : nil }) ?? nil, excess[name, default: 0] > 0 else {
                    kept.append(id)
                    continue
                }
                excess[name]? -= 1
                surplus -= 1
                values[id] = nil
            }
            ids = kept
        }
        nextTrimCount = ids.count + ids.count / 4
    }

    /// How many each may keep when all that have fewer keep theirs. `counts` are sorted.
    private static func share(of limit: Int, _ counts: [Int]) -> Int {
        var left = limit
        for (place, count) in counts.enumerated() {
            let owners = counts.count - place
            if count * owners > left { return max(left, 0) / owners }
            left -= count
        }
        return counts.last ?? 0
    }
}
