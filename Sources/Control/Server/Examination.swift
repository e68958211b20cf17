import ControlAPI
import Core
import Database
import Foundation

/// How a part of the service was found.
public struct Diagnosis: Sendable {
    let level: DoctorMessage.Level
    let summary: String
    let advice: String?
    /// It says nothing of the part while the database does not answer.
    fileprivate(set) var restsOnDatabase = false

    public static func ok(_ summary: String) -> Diagnosis { Diagnosis(level: .ok, summary: summary, advice: nil) }

    /// The service works, and a person should do something.
    public static func warn(_ summary: String, advice: String) -> Diagnosis { Diagnosis(level: .warn, summary: summary, advice: advice) }

    /// The part does not work.
    public static func fail(_ summary: String, advice: String) -> Diagnosis { Diagnosis(level: .fail, summary: summary, advice: advice) }

    /// A failure for which the database is to blame where it does not answer.
    static func failOfDatabase(_ summary: String, advice: String) -> Diagnosis {
        var diagnosis = fail(summary, advice: advice)
        diagnosis.restsOnDatabase = true
        return diagnosis
    }
}

/// A look at one part of the running service. It changes nothing.
public struct Examination: Sendable {
    /// A part that does not answer within this time has failed.
    private static let limit = Duration.seconds(10)

    /// The part whose failure explains those of others.
    private static let database = "database"

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

    /// Makes all examinations at once. A database that does not answer is named once, and not once more by each part that needs it.
    static func run(_ examinations: [Examination]) async -> [DoctorMessage.Check] {
        let found = await withTaskGroup(of: (Int, Diagnosis).self) { group in
            for (place, examination) in examinations.enumerated() { group.addTask { (place, await examination.diagnosis()) } }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        let isDatabaseDown = found.contains { examinations[$0].part == database && $1.level == .fail }
        return examinations.enumerated().compactMap { place, examination in
            found[place].map { found in
                let isUnseen = isDatabaseDown && found.restsOnDatabase && examination.part != database
                return isUnseen
                    ? DoctorMessage.Check(part: examination.part, level: .unseen, summary: "can't be seen without the database")
                    : DoctorMessage.Check(part: examination.part, level: found.level, summary: found.summary, advice: found.advice)
            }
        }
    }

    private func diagnosis() async -> Diagnosis {
        let diagnosis = await withTaskGroup(of: Diagnosis?.self) { group in
            group.addTask { await diagnose() }
            group.addTask {
                do { try await Task.sleep(for: Self.limit) } catch { return nil }
                return .failOfDatabase("no answer within \(Int(Self.limit.seconds)) s", advice: Self.seeLog)
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        return diagnosis ?? .fail("fitnessd is stopping", advice: "try again when it runs")
    }

    private func diagnose() async -> Diagnosis {
        do {
            return try await look()
        } catch let error as DatabaseError where error.code == .unreachable {
            return .failOfDatabase("the database can't be reached", advice: "see the line \"database\"")
        } catch let error as ControlRefusal {
            return .fail(error.message, advice: Self.seeLog)
        } catch {
            return .fail("\(error)", advice: Self.seeLog)
        }
    }

    private static let seeLog = "fitnessd's log says more: journalctl -u fitnessd"
}
