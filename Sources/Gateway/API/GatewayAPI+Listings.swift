import GatewayCore
import HTTPService
import Replenishment
import Telemetry

/// Long answers, put together in slices by who asks, so that the core goes on with its work in between.
extension GatewayAPI {
    /// So many items without the operator's credential.
    static let openLimit = 1000
    static let maximumLimit = 10_000

    /// What a listing has gathered.
    private struct Page {
        var writer = JSONWriter()
        /// Ids still to be written, the next one last.
        var waiting: [String]
        var count = 0
        var last: String?
    }

    /// Nil for a limit beyond `openLimit` without the credential.
    private func limit(_ request: HTTPRequest, _ fallback: Int) -> Int? {
        let limit = Self.number(request, "limit", fallback, 1...Self.maximumLimit)
        return limit <= Self.openLimit || isOperator(request) ? limit : nil
    }

    /// `{"alarms":[…],"next":ID}`, newest first, after the item `after`. Without `next` there are no more.
    func list(_ listing: Listing, _ request: HTTPRequest, _ filter: ListingFilter = ListingFilter()) -> HTTPResponse {
        guard let limit = limit(request, 200) else { return Self.needsCredential(request) }
        return costly(limit > Self.openLimit) {
            guard let page = page(listing, filter, limit: limit, after: request.queryValue("after"), hasLeft: request.hasLeft) else {
                return Self.unavailable
            }
            return .json(page)
        }
    }

    func page(_ listing: Listing, _ filter: ListingFilter, limit: Int, after: String? = nil, hasLeft: () -> Bool) -> [UInt8]? {
        guard var ids = core.ask({ $0.ids(of: listing) }) else { return nil }
        if let after { ids = ids.lastIndex(of: after).map { Array(ids[..<$0]) } ?? [] }
        var start = Page(waiting: ids)
        start.writer.beginObject()
        start.writer.key(listing.rawValue)
        start.writer.beginArray()
        let result = core.walk(start, hasLeft: hasLeft) { core, page in
            guard page.count < limit, let id = page.waiting.popLast() else { return false }
            if core.write(listing, id: id, filter: filter, &page.writer) { page.count += 1 }
            page.last = id
            return true
        }
        guard case .done(var page) = result else { return nil }
        page.writer.endArray()
        if !page.waiting.isEmpty { page.writer.member("next", page.last) }
        page.writer.endObject()
        return page.writer.bytes
    }

    /// `{"devices":[…],"total":n,"next":ID}`, sorted by id, from `offset` or after the id `after`.
    func devices(_ request: HTTPRequest) -> HTTPResponse {
        guard let limit = limit(request, 1000) else { return Self.needsCredential(request) }
        return costly(limit > Self.openLimit) {
            let page = devices(
                offset: Self.number(request, "offset", 0), after: request.queryValue("after"), limit: limit, hasLeft: request.hasLeft)
            return page.map { .json($0) } ?? Self.unavailable
        }
    }

    func devices(offset: Int, after: String?, limit: Int, hasLeft: () -> Bool) -> [UInt8]? {
        guard case .done(let sorted) = directory.sorted(core, hasLeft: hasLeft) else { return nil }
        let first = after.map { after in sorted.partitioningIndex { $0 > after } } ?? min(offset, sorted.count)
        let ids = sorted[first...].prefix(limit)
        var start = Page(waiting: ids.reversed())
        start.writer.beginObject()
        start.writer.key("devices")
        start.writer.beginArray()
        let result = core.walk(start, hasLeft: hasLeft) { core, page in
            guard let id = page.waiting.popLast() else { return false }
            _ = core.writeSummary(device: id, &page.writer)
            return true
        }
        guard case .done(var page) = result else { return nil }
        page.writer.endArray()
        page.writer.member("total", sorted.count)
        if ids.endIndex < sorted.endIndex { page.writer.member("next", ids.last) }
        page.writer.endObject()
        return page.writer.bytes
    }

    // MARK: The digest

    private struct DigestState {
        var walk = DigestWalk()
        var firstEvent: Int64?
        var lastEvent: Int64 = 0
        var lines: [String] = []
        var lineBytes = 0
        var hasMoved: Bool { firstEvent != lastEvent }
    }

    private static let digestTries = 5
    private static let maximumLineBytes = 64 << 20

    /// `{"digest","firstEvent","lastEvent"}`, with `?lines=true` also the lines. The state must not move while it is read; on a gateway
    /// that takes messages all the time there is no digest.
    func digest(_ request: HTTPRequest) -> HTTPResponse {
        let wantsLines = request.queryValue("lines") == "true"
        return costly(true) {
            for _ in 0..<Self.digestTries {
                let result = core.walk(DigestState(), hasLeft: request.hasLeft) { core, state in
                    state.lastEvent = core.lastEvent
                    if state.firstEvent == nil { state.firstEvent = core.lastEvent }
                    guard !state.hasMoved, !state.walk.isAtEnd, state.lineBytes <= Self.maximumLineBytes else { return false }
                    let lines = core.digestStep(&state.walk)
                    if wantsLines {
                        state.lines += lines
                        state.lineBytes += lines.reduce(0) { $0 + $1.utf8.count }
                    }
                    return true
                }
                guard case .done(let state) = result else { return Self.unavailable }
                guard state.lineBytes <= Self.maximumLineBytes else {
                    return .problem(
                        status: 422, title: "Too many lines",
                        detail: "They have more than \(Self.maximumLineBytes) bytes; ask without lines.")
                }
                if !state.hasMoved { return Self.answer(state, wantsLines) }
            }
            return .problem(
                status: 409, title: "The state moves", detail: "Events came while it was read. Ask for a digest when nothing arrives.")
        }
    }

    private static func answer(_ state: DigestState, _ wantsLines: Bool) -> HTTPResponse {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("digest", state.walk.digest)
        writer.member("firstEvent", state.firstEvent)
        writer.member("lastEvent", state.lastEvent)
        if wantsLines {
            writer.key("lines")
            writer.beginArray()
            for line in state.lines.sorted() { writer.string(line) }
            writer.endArray()
        }
        writer.endObject()
        return .json(writer.bytes)
    }

    // MARK: Costly questions

    /// Runs the costly ones of all questions one at a time; another one is told at once to come again, as it would hold a thread.
    func costly(_ isCostly: Bool, _ body: () -> HTTPResponse) -> HTTPResponse {
        guard isCostly else { return body() }
        guard isCostlyRunning.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            var response = HTTPResponse.problem(
                status: 503, title: "Another costly question is being answered", detail: "One is answered at a time; ask again in a moment."
            )
            response.headers["Retry-After"] = "1"
            return response
        }
        defer { isCostlyRunning.store(false, ordering: .releasing) }
        return body()
    }
}

extension RandomAccessCollection {
    /// The first place where `isAfter` holds, in a collection where it holds for all that follow.
    func partitioningIndex(where isAfter: (Element) -> Bool) -> Index {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = index(low, offsetBy: distance(from: low, to: high) / 2)
            if isAfter(self[middle]) { high = middle } else { low = index(after: middle) }
        }
        return low
    }
}
