/// What is to happen, by its time; what is due at the same time comes in the order in which it was added. A binary heap.
struct EventQueue<Event> {
    private struct Entry {
        var at: Int64
        var number: Int64
        var event: Event
    }

    private var heap: [Entry] = []
    private var added: Int64 = 0

    var nextMilliseconds: Int64? { heap.first?.at }
    var count: Int { heap.count }

    private func precedes(_ one: Int, _ other: Int) -> Bool {
        (heap[one].at, heap[one].number) < (heap[other].at, heap[other].number)
    }

    mutating func add(_ event: Event, at: Int64) {
        heap.append(Entry(at: at, number: added, event: event))
        added += 1
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (at: Int64, event: Event)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if heap.isEmpty { return (first.at, first.event) }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) { least = child }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return (first.at, first.event)
    }
}
