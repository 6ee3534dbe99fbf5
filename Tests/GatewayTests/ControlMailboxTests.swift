import Foundation
import GatewayCore
import SQLiteStore
import Synchronization
import Testing
import Threading

@testable import Gateway

/// What a sender is told of its write: recorded, surely not, or not known.
@Suite struct ControlMailboxTests {
    private static let event = ControlEvent.order(.stockAdded(item: "toner", units: 1, by: "Ann"))

    private static func request(_ key: String, hash: UInt8 = 1) -> RequestRecord {
        RequestRecord(key: key, hash: [hash], timeMilliseconds: 1, answer: [42])
    }

    private static func background(_ body: @escaping @Sendable () -> MailOutcome) -> @Sendable () -> MailOutcome? {
        let outcome = Mutex<MailOutcome?>(nil)
        let box = Box(outcome)
        Thread.detachNewThread {
            let result = body()
            box.outcome.withLock { $0 = result }
        }
        return { box.outcome.withLock { $0 } }
    }

    private final class Box: Sendable {
        let outcome: Mutex<MailOutcome?>
        init(_ outcome: consuming sending Mutex<MailOutcome?>) { self.outcome = outcome }
    }

    private static func waitUntil(_ condition: () -> Bool) -> Bool {
        for _ in 0..<4000 {
            if condition() { return true }
            usleep(5000)
        }
        return condition()
    }

    @Test func whatNobodyTookIsSurelyNotRecorded() throws {
        let mailbox = ControlMailbox(wake: try WakeEvent())
        #expect(mailbox.submit(Self.event, timeoutMilliseconds: 1) == .notRecorded)
        // And it is not there for a later batch.
        #expect(mailbox.drain().isEmpty)
    }

    @Test func whatIsInABatchIsNotKnownUntilItsCommit() throws {
        let mailbox = ControlMailbox(wake: try WakeEvent())
        let outcome = Self.background { mailbox.submit(Self.event, request: Self.request("a"), timeoutMilliseconds: 200) }
        var mails: [ControlMailbox.Mail] = []
        #expect(
            Self.waitUntil {
                mails += mailbox.drain()
                return !mails.isEmpty
            })
        #expect(Self.waitUntil { outcome() != nil })
        #expect(outcome() == .unknown)
        #expect(mailbox.isPending(key: "a") && !mailbox.isPending(key: "b"))
        // The same again, which nobody takes now: the first may still be recorded.
        #expect(mailbox.submit(Self.event, request: Self.request("a"), timeoutMilliseconds: 1) == .unknown)
        #expect(mailbox.submit(Self.event, request: Self.request("b"), timeoutMilliseconds: 1) == .notRecorded)
        mailbox.confirm(mails)
        #expect(!mailbox.isPending(key: "a"))
    }

    @Test func stoppingTellsEverybodyAtOnce() throws {
        let mailbox = ControlMailbox(wake: try WakeEvent())
        let taken = Self.background { mailbox.submit(Self.event, timeoutMilliseconds: 60_000) }
        #expect(Self.waitUntil { !mailbox.drain().isEmpty })
        let waiting = Self.background { mailbox.submit(Self.event, request: Self.request("w"), timeoutMilliseconds: 60_000) }
        #expect(Self.waitUntil { mailbox.isPending(key: "w") })
        mailbox.report("or-1", .order, .delivered())
        mailbox.close()
        #expect(Self.waitUntil { taken() != nil && waiting() != nil })
        #expect(taken() == .unknown && waiting() == .notRecorded)
        #expect(mailbox.submit(Self.event) == .notRecorded)
        // What a receiver has taken must reach the last commit.
        #expect(mailbox.drain().count == 1)
    }

    @Test func aRepeatIsNotDoneAgain() throws {
        let directory = try TemporaryDirectory()
        let store = try Store(path: directory.url.appending(path: "steward.db").path)
        let requests = KnownRequests(store: store)
        var first = ControlMailbox.Mail(event: Self.event, request: Self.request("a"))
        requests.settle(&first, pending: [])
        #expect(first.event != nil && first.verdict == nil)
        // In the same batch, before anything is committed.
        var second = ControlMailbox.Mail(event: Self.event, request: Self.request("a"))
        requests.settle(&second, pending: [first])
        #expect(second.event == nil && second.verdict == .recorded(answer: [42], letters: []))
        var other = ControlMailbox.Mail(event: Self.event, request: Self.request("a", hash: 2))
        requests.settle(&other, pending: [first])
        #expect(other.event == nil && other.verdict == .conflict)
        // And after the commit.
        try store.record(Self.request("a"))
        var third = ControlMailbox.Mail(event: Self.event, request: Self.request("a"))
        requests.settle(&third, pending: [])
        #expect(third.event == nil && third.verdict == .recorded(answer: [42], letters: []))
    }
}
