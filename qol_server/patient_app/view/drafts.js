/** A questionnaire that is being filled in: how a draft begins, goes on after a newer wording came, and what it may be called. */

/** The id of this window: of two that show one draft, the newer one goes on. */
export const WINDOW = crypto.randomUUID();

/** The instrument and the occurrence that a key asks for: { assessment, occurrence, instrument, corrected }; null where nothing does. */
export function subjectOf(known, key) {
    const entryId = key.startsWith("correct:") ? key.slice("correct:".length) : null;
    if (entryId) {
        const corrected = known.entries.find((entry) => entry.id === entryId);
        const assessment = corrected?.occurrence.split("@")[0];
        return corrected ? { assessment, occurrence: corrected.occurrence, instrument: corrected.instrument, corrected } : null;
    }
    if (key.startsWith("new:")) {
        const assessment = known.study?.assessments.find((one) => one.ad_hoc && `new:${one.id}` === key);
        return assessment ? { assessment: assessment.id, occurrence: null, instrument: assessment.instrument, corrected: null } : null;
    }
    const assignment = known.assignments.find((one) => one.occurrence === key);
    return assignment
        ? { assessment: assignment.assessment, occurrence: key, instrument: assignment.instrument, corrected: null }
        : null;
}

/** A draft with the version and wording that are on the screen now: an older draft goes on in what is shown, and names that. */
export function asShown(known, draft) {
    const { id, version, wording } = known.instruments[draft.instrument];
    return {
        ...draft, instrument: id, version, wording: wording?.version ?? null,
        language: wording?.language ?? known.settings.language ?? "en", window: WINDOW,
    };
}

/** Whether what is asked has changed since these answers were given: another version, or other words in the same language. */
export function isRenewed(known, draft) {
    const { version, wording } = known.instruments[draft.instrument];
    const isReworded = Boolean(wording) && wording.language === draft.language && wording.version !== draft.wording;
    return Object.keys(draft.answers).length > 0 && (draft.version !== version || isReworded);
}

/**
 * The draft to begin with, or to go on with: null where nothing is asked under this key (any more). `moment`: now, local with
 * its offset.
 */
export function begun(known, key, moment) {
    const kept = known.drafts[key];
    const subject = kept ?? subjectOf(known, key);
    const instrument = subject && known.instruments[subject.instrument];
    if (!instrument) {
        return null;
    }
    if (kept) {
        return asShown(known, { ...kept, answers: onlyAnswersTo(instrument, kept.answers) });
    }
    const { assessment, occurrence, corrected } = subject;
    return asShown(known, {
        key, assessment, occurrence, instrument: instrument.id, protocol: known.study.protocol, opened_at: moment,
        answers: corrected ? onlyAnswersTo(instrument, corrected.answers) : {}, by: null, at: "intro",
        corrects: corrected?.id ?? null, reason: null, advised: [], urgent: [],
    });
}

function onlyAnswersTo(instrument, answers) {
    const ids = new Set(instrument.items.map((item) => item.id));
    return Object.fromEntries(Object.entries(answers).filter(([id]) => ids.has(id)));
}
