import Gateway
import TerminalProgram

/// The backtest of a replay, a line a supply.
enum BacktestText {
    static func lines(_ backtests: [String: Backtest]) -> String {
        guard backtests.values.contains(where: { $0.lives > 0 }) else {
            return "supplies: no cartridge began and ended in this recording, so nothing can be said of the orders"
        }
        var lines = [
            "supplies: orders, lates and days early of the reorder rule and of a fixed threshold of 20 %, and what was left at the swap"
        ]
        for name in backtests.keys.sorted() {
            guard let test = backtests[name], test.lives > 0 else { continue }
            lines.append(
                "  \(TerminalText.visible(name)): \(test.lives) lives; rule \(policy(test.rule, test.lives)); "
                    + "20 % \(policy(test.threshold, test.lives)); "
                    + "\(tenths(test.meanResidualPercent)) % left; \(test.livesNotJudged) lives not judged (already in the slot, or too short)"
            )
        }
        return lines.joined(separator: "\n")
    }

    private static func policy(_ policy: Backtest.Policy, _ lives: Int) -> String {
        "\(policy.orders) orders, \(tenths(policy.latePercent(of: lives))) % late, \(tenths(policy.meanEarlyDays(of: lives))) days early"
    }

    private static func tenths(_ number: Double) -> String { HumanText.number(number, decimals: 1) }
}
