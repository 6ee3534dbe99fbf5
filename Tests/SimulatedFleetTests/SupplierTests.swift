import Outbound
import Synchronization
import Testing

@testable import SimulatedFleet

@Suite struct SupplierTests {
    /// A supplier on its own, ended with the test.
    private final class Shop {
        let supplier: SupplierSandbox
        let errands: ErrandQueue
        let counts = FleetCounts()
        let arrivals = InstallationInbox()

        init(failureShare: Double = 0, secret: String? = nil, api: GatewayAPI? = nil, stepMilliseconds: Int64 = 5) throws {
            errands = try ErrandQueue()
            var temper = SupplierTemper()
            temper.failureShare = failureShare
            temper.stepMilliseconds = stepMilliseconds...(stepMilliseconds + 5)
            temper.installationMilliseconds = 1...5
            let settings = SupplierSandbox.Settings(
                listen: "127.0.0.1:0", signature: try secret.map { try WebhookSignature(secrets: [$0]) }, temper: temper, seed: 3)
            let arrivals = self.arrivals
            supplier = try SupplierSandbox(settings: settings, api: api, errands: errands, counts: counts) { arrivals.add($0) }
        }

        deinit {
            supplier.stop()
            errands.stop()
        }
    }

    @Test func theSameOrderTwiceIsOneOrder() throws {
        let gateway = try Postbox()
        let shop = try Shop(api: try GatewayAPI(base: gateway.url, signature: nil, seed: 1))
        for _ in 0..<3 { #expect(try postOrder("or-1", to: shop.supplier.address) == 202) }
        #expect(try postOrder("or-2", device: "lbl-0001", supply: "ribbon", to: shop.supplier.address) == 202)
        var arrivals: [Arrival] = []
        #expect(
            waitUntil {
                arrivals += shop.arrivals.drain()
                return arrivals.count >= 2
            })
        #expect(Set(arrivals.map(\.device)) == ["prn-0001", "lbl-0001"])
        let counts = shop.counts.snapshot
        #expect(counts.ordersReceived == 2 && counts.ordersRepeated == 2 && counts.deliveries == 2 && counts.errors == 0)
        let updates = gateway.all.filter { $0.path == "/api/v1/orders/or-1/updates" }.map(\.body)
        #expect(updates.map { $0.split(separator: "\"")[3] } == ["accepted", "shipped", "delivered"], "\(updates)")
        #expect(Set(updates.map { $0.split(separator: "\"").last { $0.hasPrefix("SUP-") } }).count == 1, "one reference for one order")
    }

    @Test func aBadMomentIsAnswered500OnceAndThenForgotten() throws {
        let shop = try Shop(failureShare: 1)
        #expect(try postOrder("or-1", to: shop.supplier.address) == 500)
        #expect(try postOrder("or-1", to: shop.supplier.address) == 202)
        #expect(try postOrder("or-1", to: shop.supplier.address) == 202)
        let counts = shop.counts.snapshot
        #expect(counts.ordersRefused == 1 && counts.ordersReceived == 1 && counts.ordersRepeated == 1)
    }

    @Test func onlySignedOrdersAreTakenWhereThereIsASecret() throws {
        let shop = try Shop(secret: secret)
        #expect(try postOrder("or-1", to: shop.supplier.address) == 401)
        let other = "whsec_" + String(secret.dropFirst(6).reversed())
        #expect(try postOrder("or-1", to: shop.supplier.address, secret: other) == 401)
        #expect(shop.counts.snapshot.ordersReceived == 0)
        #expect(try postOrder("or-1", to: shop.supplier.address, secret: secret) == 202)
        #expect(shop.counts.snapshot.ordersReceived == 1)
    }

    @Test func whatIsNoOrderIsRefusedWithItsReasonOrPassedOver() throws {
        let shop = try Shop()
        let address = shop.supplier.address
        let head = "\"specversion\":\"1.0\",\"id\":\"e\",\"type\":\"steward.order\""
        for body in [
            "", "{", "{}", "[]", "{\(head)}", "{\(head),\"data\":{\"order\":\"or-1\"}}",
            "{\(head),\"data\":{\"order\":\"../x\",\"device\":\"d\",\"supply\":\"s\"}}",
            "{\(head),\"data\":{\"order\":\"\",\"device\":\"d\",\"supply\":\"s\"}}",
            "{\(head),\"data\":{\"order\":\"..\",\"device\":\"d\",\"supply\":\"s\"}}",
        ] {
            #expect(try post(body, to: address) == 400, "\(body)")
        }
        #expect(try post("{\"specversion\":\"1.0\",\"id\":\"e\",\"type\":\"steward.alarm\",\"data\":{}}", to: address) == 202)
        #expect(shop.counts.snapshot.ordersReceived == 0)
    }

    @Test func aCancelledOrderIsNotDelivered() throws {
        let shop = try Shop(stepMilliseconds: 400)
        #expect(try postOrder("or-1", to: shop.supplier.address) == 202)
        let cancel = "{\"specversion\":\"1.0\",\"id\":\"e\",\"type\":\"steward.order.cancelled\",\"data\":{\"order\":\"or-1\"}}"
        #expect(try post(cancel, to: shop.supplier.address) == 202)
        #expect(try postOrder("or-2", to: shop.supplier.address) == 202)
        #expect(waitUntil { shop.counts.snapshot.deliveries == 1 })
        #expect(waitUntil { shop.arrivals.drain().count == 1 })
        #expect(shop.counts.snapshot.deliveries == 1, "or-1 was due before or-2")
    }

    @Test func anAbsentGatewayIsTriedAgainWithTheSameKey() throws {
        let gateway = try Postbox(refusals: 2)
        let errands = try ErrandQueue()
        defer { errands.stop() }
        let api = try GatewayAPI(base: gateway.url, signature: try WebhookSignature(secrets: [secret]), seed: 1)
        let outcome = Mutex<GatewayAPI.Outcome?>(nil)
        api.post("/api/v1/surveys", Array("{}".utf8), key: "survey-1", errands: errands) { result in outcome.withLock { $0 = result } }
        #expect(waitUntil { outcome.withLock { $0 } != nil })
        #expect(outcome.withLock { $0 } == .done)
        #expect(gateway.all == [Postbox.Letter(path: "/api/v1/surveys", body: "{}", key: "survey-1")])
    }

    @Test func errandsAreDoneInTheOrderTheyAreDueAndNotAfterTheStop() throws {
        let errands = try ErrandQueue(capacity: 3)
        let done = Mutex<[Int]>([])
        errands.add(afterMilliseconds: 300) { done.withLock { $0.append(3) } }
        errands.add(afterMilliseconds: 100) { done.withLock { $0.append(1) } }
        errands.add(afterMilliseconds: 200) { done.withLock { $0.append(2) } }
        #expect(!errands.add(afterMilliseconds: 0) {}, "three is the most")
        #expect(waitUntil { done.withLock { $0.count } == 3 })
        #expect(done.withLock { $0 } == [1, 2, 3])
        errands.add(afterMilliseconds: 60_000) { done.withLock { $0.append(4) } }
        errands.stop()
        #expect(!errands.add(afterMilliseconds: 0) { done.withLock { $0.append(5) } })
        #expect(done.withLock { $0 } == [1, 2, 3])
    }
}
