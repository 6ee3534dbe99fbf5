/// Blocks of plain data in one flat array. A block that is released is given to the next who asks for its size.
struct BlockPool<Element: Sendable>: Sendable {
    private var elements: [Element] = []
    private var released: [Int32: [Int32]] = [:]
    /// What a new block is filled with.
    private let blank: Element

    init(blank: Element) { self.blank = blank }

    /// Elements that memory is taken for, released blocks included.
    var count: Int { elements.count }

    /// Read where it lies, as rows of `Table` are.
    @inline(__always)
    subscript(place: Int) -> Element {
        _read {
            precondition(place >= 0 && place < elements.count)
            yield elements.withUnsafeBufferPointer { $0.baseAddress.unsafelyUnwrapped + place }.pointee
        }
        _modify { yield &elements[place] }
    }

    mutating func reserve(_ count: Int) { elements.reserveCapacity(count) }

    /// The first place of a block whose elements are all blank.
    mutating func take(_ size: Int) -> Int32 {
        guard size > 0 else { return 0 }
        if let first = released[Int32(size)]?.popLast() {
            for place in Int(first)..<Int(first) + size { elements[place] = blank }
            return first
        }
        // By a quarter: doubling would leave half of tens of megabytes empty.
        if elements.count + size > elements.capacity { elements.reserveCapacity(elements.count + max(size, 256, elements.count / 4)) }
        elements.append(contentsOf: repeatElement(blank, count: size))
        return Int32(elements.count - size)
    }

    mutating func release(_ first: Int32, size: Int) {
        guard size > 0 else { return }
        released[Int32(size), default: []].append(first)
    }

    /// For reading and writing from a place on.
    @inline(__always)
    mutating func withPointer<Result>(to first: Int, _ body: (UnsafeMutablePointer<Element>) -> Result) -> Result? {
        elements.withUnsafeMutableBufferPointer { all in all.baseAddress.map { body($0 + first) } }
    }

    /// For reading only, although the pointer could be written through: readers of conditions share their code with what changes them.
    func withReadPointer<Result>(to first: Int, _ body: (UnsafeMutablePointer<Element>) -> Result) -> Result? {
        elements.withUnsafeBufferPointer { all in all.baseAddress.map { body(UnsafeMutablePointer(mutating: $0) + first) } }
    }

    func block(_ first: Int, count: Int) -> ArraySlice<Element> { elements[first..<first + count] }
}
