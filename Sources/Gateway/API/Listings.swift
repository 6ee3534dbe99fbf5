import CoreViews
import Documents
import GatewayCore
import HTTPService
import Replenishment
import Synchronization

/// Long answers, put together in slices on the asking thread, so that the core processes batches in between.
extension GatewayAPI {
    /// The largest `limit` without the operator's token.
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

    /// How many items are asked for. Throws for more than `open` without the operator's token.
    func limit(
        _ request: HTTPRequest, _ fallback: Int, open: Int = GatewayAPI.openLimit, maximum: Int = GatewayAPI.maximumLimit
    ) throws -> Int {
        let limit = request.number("limit", fallback, in: 1...maximum)
        guard limit <= open || isOperator(request) else { throw Refusal(Router.unauthorized(request)) }
        return limit
    }

    /// `{"alarms":[…],"next":ID}`, newest first, after the item `after`. Without `next` there are no more.
    func list(_ listing: Listing, _ request: HTTPRequest, _ filter: ListingFilter = ListingFilter()) throws -> HTTPResponse {
        let limit = try limit(request, 200)
        return try costly(limit > Self.openLimit) {
            .json(try page(listing, filter, limit: limit, after: request.queryValue("after"), hasLeft: request.hasLeft))
        }
    }

    func page(_ listing: Listing, _ filter: ListingFilter, limit: Int, after: String? = nil, hasLeft: () -> Bool) throws -> [UInt8] {
        var ids = try core.ask { $0.ids(of: listing) }
        if let after { ids = ids.lastIndex(of: after).map { Array(ids[..<$0]) } ?? [] }
        var page = try page(listing.rawValue, of: ids, limit: limit, hasLeft) { core, id, writer in
            core.write(listing, id: id, filter: filter, &writer)
        }
        if !page.waiting.isEmpty { page.writer.member("next", page.last) }
        page.writer.endObject()
        return page.writer.bytes
    }

    /// The beginning of an object, with a list of up to `limit` items under `key`. `write` returns false for an id that it left out.
    private func page(
        _ key: String, of ids: [String], limit: Int, _ hasLeft: () -> Bool,
        _ write: @escaping (StewardCore, String, inout JSONWriter) -> Bool
    ) throws -> Page {
        var start = Page(waiting: ids)
        start.writer.beginObject()
        start.writer.key(key)
        start.writer.beginArray()
        var page = try core.walk(start, hasLeft: hasLeft) { core, page in
            guard page.count < limit, let id = page.waiting.popLast() else { return false }
            if write(core, id, &page.writer) { page.count += 1 }
            page.last = id
            return true
        }
        page.writer.endArray()
        return page
    }

    func devices(offset: Int, after: String?, limit: Int, hasLeft: () -> Bool) throws -> [UInt8] {
        let sorted = try directory.sorted(core, hasLeft: hasLeft)
        let first = after.map { after in sorted.partitioningIndex { $0 > after } } ?? min(offset, sorted.count)
        let ids = sorted[first...].prefix(limit)
        var page = try page("devices", of: ids.reversed(), limit: limit, hasLeft) { core, id, writer in
            core.writeSummary(device: id, &writer)
        }
        page.writer.member("total", sorted.count)
        if ids.endIndex < sorted.endIndex { page.writer.member("next", ids.last) }
        page.writer.endObject()
        return page.writer.bytes
    }

    /// Answers one costly question at a time. A second one is refused with 503 at once, because waiting would occupy a thread.
    func costly(_ isCostly: Bool, _ body: () throws -> HTTPResponse) throws -> HTTPResponse {
        guard isCostly else { return try body() }
        guard isCostlyRunning.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else {
            throw Refusal(
                503, "Another costly question is being answered", "One is answered at a time; ask again in a moment.", retryAfterSeconds: 1)
        }
        defer { isCostlyRunning.store(false, ordering: .releasing) }
        return try body()
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
