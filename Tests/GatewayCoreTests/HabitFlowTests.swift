import CoreViews
import Documents
import Testing

@testable import ConsumableForecast
@testable import GatewayCore

/// People who always change a cartridge that still holds much get its successor before they do.
@Suite struct HabitFlowTests {
    private static let day = 86_400.0

    /// 2 % and sixty pages a day, six reports a day; each life ends at the given level. Seconds at which a life ended.
    private func live(_ driver: inout Driver, ends: [Double], device: String = "p1", from start: Double = 0) -> [Double] {
        var (second, pages, changes) = (start, 1000.0, [Double]())
        for end in ends {
            var left = 100.0
            while left > end {
                driver.tell(device, "\"pages\":\(Int(pages)),\"supplies\":{\"black\":\(Int(left.rounded(.up)))}", at: second)
                second += Self.day / 6
                pages += 10
                left -= 1.0 / 3
            }
            changes.append(second)
        }
        return changes
    }

    private func orderTimes(_ driver: Driver, device: String = "p1") -> [Double] {
        driver.kinds(.order).filter { $0.device == device }.map { Double($0.timeMilliseconds - Driver.start) / 1000 }
    }

    private func explanation(_ driver: Driver, _ device: String = "p1") -> String {
        var writer = JSONWriter()
        #expect(driver.core.writeSupplyExplanation(device: device, supply: "black", &writer))
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Twelve changes, each above 14 %: the first four teach, and for each of the others the order comes a lead time ahead.
    @Test func theOrderComesBeforePeopleChangeIt() throws {
        var driver = try Driver()
        let changes = live(&driver, ends: [25, 30, 22, 27, 25, 29, 24, 26, 31, 23, 26, 25])
        let orders = orderTimes(driver)
        #expect(driver.kinds(.supplyReplaced).count == 11)
        #expect(orders.count == 8)
        for (life, order) in zip(4..., orders) {
            #expect(order > changes[life - 1] && order < changes[life], "life \(life)")
            let ahead = (changes[life] - order) / Self.day
            #expect(ahead > 3 && ahead < 14, "life \(life): ordered \(ahead) days before the change")
        }
        #expect(explanation(driver).contains("\"habit\":{\"percent\":26,"))
        #expect(explanation(driver).contains("\"changes\":8,\"earlyChanges\":8,\"isOwn\":true}"))
    }

    /// One faulty cartridge moves no later order: it is where it is without.
    @Test func oneEarlyChangeMovesNothing() throws {
        var driver = try Driver()
        let changes = live(&driver, ends: [1, 1, 60, 1, 1])
        let orders = orderTimes(driver)
        #expect(orders.count == 4)
        for (life, order) in zip([0, 1, 3, 4], orders) { #expect((changes[life] - order) / Self.day < 14, "life \(life)") }
        #expect(!explanation(driver).contains("\"habit\""))
    }

    /// Three devices whose people do it teach the forecast of a fourth; of a kind that nobody orders nothing is learned.
    @Test(arguments: [true, false]) func otherDevicesTeachANewOne(_ isOrdered: Bool) throws {
        let text = Press.text(
            supplies: #""{slot}": { level: "/supplies/{slot}", counter: "pages", leadTimeDays: 3, order: \#(isOrdered) },"#)
        var driver = try Driver([text])
        var end = 0.0
        for device in ["p1", "p2", "p3"] { end = live(&driver, ends: [25, 26, 90], device: device, from: end).last ?? 0 }
        let changes = live(&driver, ends: [25], device: "p4", from: end)
        #expect(driver.core.supplies.learning(of: 0).priors.swaps.isEmpty != isOrdered)
        #expect(explanation(driver, "p4").contains("\"isOwn\":false") == isOrdered)
        guard isOrdered else { return }
        let order = try #require(orderTimes(driver, device: "p4").first)
        #expect(changes[0] - order > 3 * Self.day)
    }

    /// Two cartridges that change their slots, and back, are no changes.
    @Test func cartridgesThatChangePlacesAreNoHabit() throws {
        var driver = try Driver()
        var levels = (black: 80, cyan: 30)
        for round in 0..<6 {
            for report in 0..<5 {
                driver.tell(
                    "p1", "\"supplies\":{\"black\":\(levels.black),\"cyan\":\(levels.cyan)}",
                    at: Double(round * 10 + report) * 3600)
            }
            levels = (levels.cyan, levels.black)
        }
        for state in driver.core.supplies.supplies(of: 0) { #expect(state.model.ownHabit == nil && state.model.swaps.newest == nil) }
        #expect(driver.core.supplies.learning(of: 0).priors.swaps.isEmpty)
    }
}
