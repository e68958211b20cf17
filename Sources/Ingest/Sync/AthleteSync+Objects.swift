import Governor
import StravaAPI
import Warehouse

extension AthleteSync {
    /// Reads the profile, the zones or a gear, and lands it with its row in the ledger.
    func fetch(_ object: AthleteObject, _ requestClass: RequestClass) async throws {
        let standing = state.objects.first { $0.object == object } ?? ObjectStanding(object)
        var batch = BronzeBatch(athleteID: claim.athleteID, lease: claim.lease)
        do {
            let answer = try await get(object.call, requestClass)
            let fault = AnswerCheck.fault(of: answer.body, to: object.call, athlete: claim.athleteID)
            if fault == .otherAthlete { try await stopAsForeign() }
            if let fault {
                batch.objects.append(standing.answeredWrongly(fault, now: now))
                batch.quarantine.append(
                    QuarantineEntry(
                        endpoint: object.kind.rawValue, objectID: object.answerID(claim.athleteID), reason: fault.rawValue,
                        body: Array(answer.body.prefix(RejectedElement.bodyBytesMax))))
            } else {
                batch.answers.append(
                    BronzeAnswer(
                        endpoint: object.endpoint, objectID: object.answerID(claim.athleteID), request: object.call.pathAndQuery,
                        status: answer.status, fetchedAt: answer.fetchedAt, body: answer.body))
                batch.objects.append(ObjectChange(object, .landed))
            }
        } catch let error as StravaError {
            guard let change = standing.failed(error, now: now) else { throw error }
            batch.objects.append(change)
        }
        try await commit(batch)
        note(batch.objects, standing)
    }

    /// Follows in memory what was just committed.
    private func note(_ changes: [ObjectChange], _ old: ObjectStanding) {
        for change in changes {
            var standing = old
            (standing.state, standing.nextTryAt, standing.checkedAt) = (change.state, change.nextTryAt, now)
            standing.attempts = change.state == .failed ? old.attempts + 1 : 0
            state.objects = state.objects.map { $0.object == change.object ? standing : $0 }
        }
    }
}
