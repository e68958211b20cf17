import ControlAPI
import Core
import Database
import Foundation

/// How a part of the service was found.
public struct Diagnosis: Sendable {
    let level: DoctorMessage.Level
    let summary: String
    let advice: String?

    public static func ok(_ summary: String) -> Diagnosis { Diagnosis(level: .ok, summary: summary, advice: nil) }

    /// The service works, and a person should do something.
    public static func warn(_ summary: String, advice: String) -> Diagnosis { Diagnosis(level: .warn, summary: summary, advice: advice) }

    /// The part does not work.
    public static func fail(_ summary: String, advice: String) -> Diagnosis { Diagnosis(level: .fail, summary: summary, advice: advice) }
}

/// A look at one part of the running service. It changes nothing.
public struct Examination: Sendable {
    /// A part that does not answer within this time has failed.
    private static let limit = Duration.seconds(10)

    private let part: String
    private let look: @Sendable () async throws -> Diagnosis
    /// It takes a moment and asks nobody but PostgreSQL, so that each `status` has it, too.
    let isQuick: Bool

    /// - Parameters:
    ///   - part: a snake_case word.
    ///   - isQuick: it takes a moment and asks nobody but PostgreSQL.
    ///   - look: an error that it throws is a failure; its description is shown.
    public init(_ part: String, isQuick: Bool = false, look: @escaping @Sendable () async throws -> Diagnosis) {
        self.part = part
        self.isQuick = isQuick
        self.look = look
    }

    func run() async -> DoctorMessage.Check {
        let diagnosis = await withTaskGroup(of: Diagnosis?.self) { group in
            group.addTask { await diagnose() }
            group.addTask {
                do { try await Task.sleep(for: Self.limit) } catch { return nil }
                return .fail("no answer within \(Int(Self.limit.seconds)) s", advice: Self.seeLog)
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        let found = diagnosis ?? .fail("fitnessd is stopping", advice: "try again when it runs")
        return DoctorMessage.Check(part: part, level: found.level, summary: found.summary, advice: found.advice)
    }

    private func diagnose() async -> Diagnosis {
        do {
            return try await look()
        } catch let error as DatabaseError where error.code == .unreachable {
            return .fail("the database can't be reached", advice: "see the line \"database\"")
        } catch let error as ControlRefusal {
            return .fail(error.message, advice: Self.seeLog)
        } catch {
            return .fail("\(error)", advice: Self.seeLog)
        }
    }

    private static let seeLog = "fitnessd's log says more: journalctl -u fitnessd"
}
