/* The pair's protocol: who may be live, what may leave, what the survivor holds. For spin 6.5.
 *
 * Two nodes, their processes' lives (incarnations), the witness's record, the log and its receipts. Every event is one
 * indivisible step of one process; between any two events anything else may happen. ../README.md, The model, says
 * which code each state and event stands for, what is left out and why that loses nothing, and what each switch breaks.
 *
 * Nothing here depends on time. A message is a fact that stays: a claim once sent may reach the witness at any later
 * moment, also when its sender is dead, and again and again; a receipt may reach the primary at any later moment; an
 * answer waits until it is taken or its addressee dies. So delay, loss and duplication need no channels.
 *
 * Bounds:  EPOCHS  LIVES (of each node)  ENTRIES (of the log)  CRASHES
 * Begin:   BEGIN_PROTECTED (default)  BEGIN_BIRTH  BEGIN_SOLO
 * Parts:   RENOUNCE  POWER_OFF (the last entry is the guest's)
 *          OVERRIDES, LOSSES (so many orders of an operator against the rules; so often the witness loses its storage and an
 *          operator reinitialises it)  LIES (the operator says that a node is off which is not)
 *          QUIET (links and faults are explicit; states in which nothing can happen any more are checked)
 */

#ifndef EPOCHS
#define EPOCHS 3
#endif
#ifndef LIVES
#define LIVES 2
#endif
#ifndef ENTRIES
#define ENTRIES 2
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef DOUBTS
#define DOUBTS 1
#endif
#ifndef GRANTS
#define GRANTS 2
#endif
#ifndef OVERRIDES
#define OVERRIDES 0
#endif
#ifndef LOSSES
#define LOSSES 0
#endif
#if OVERRIDES > 0 || LOSSES > 0
#define ORDERS
#endif

/* The state of a node: NodeState. */
#define DOWN      0     /* no process: crashed, or given up and about to begin a new life */
#define READING   1     /* Reading, Waiting */
#define CLAIMING  2     /* Claiming; purpose[] says what for */
#define ALONE     3
#define PROT      4     /* Protected */
#define SOLO      5
#define TAKING    6     /* Taking; phase[] */
#define STANDBY   7
#define SYNCING   8     /* Syncing; restored[] */
#define FOLLOWING 9
#define DRAINING  10    /* Draining, of a backup that has renounced and so must not claim yet */
#define HANDING   11    /* HandingOver */
#define STOPPED   12
#define HALTED    13    /* only in broken variants: a node that ended where it should have gone on */

/* Purpose. */
#define COLD_BOOT    1
#define PROTECT      2
#define PROTECT_LIVE 3
#define GO_SOLO      4
#define PROMOTE      5
#define STOP         6
#define LET_GO       7
#define TAKE_OVER    8  /* GO_SOLO of a node that is SOLO already, expecting a record an operator wrote for it */
#define CLAIM_ORDERED 9 /* in claimKind[]: ClaimSolo that expects SOLO */

/* Taking.Phase. */
#define COPYING  0
#define FOLLOWED 1
#define GATED    2

/* PairState in the record. */
#define R_SOLO      1
#define R_PROTECTED 2
#define R_STOPPED   3

#define SLOT(n, life) ((n) * LIVES + (life) - 1)

/* The witness's record. */
byte recEpoch, recOwner, recState;
byte recSync[2];                /* the incarnation named in sync, 0 for none */

/* The one claim of each life that can still be granted: ClaimTable refuses every earlier one for ever. */
byte claimKind[2 * LIVES];      /* 0, or a purpose */
byte claimEpoch[2 * LIVES];
byte claimWith[2 * LIVES];      /* COLD_BOOT: the state expected; PROTECT: the backup's incarnation; PROMOTE: L + 1 */

/* Receipts: the last position each life has acknowledged to its one primary. */
byte receipt[2 * LIVES];

/* Nodes. */
byte st[2], life[2], epoch[2], purpose[2], phase[2];
byte pos[2];                    /* entries of the log that its machine, or its buffer, holds */
byte partner[2];                /* on a primary the backup's incarnation; on a backup the primary's */
byte acked[2];                  /* OutputGate.acked */
byte bare[2];                   /* OutputGate.releasedWithoutAck */
bool restored[2];
bool memory[2];                 /* this life holds the machine's state */
bool answerYes[2], answerNo[2]; /* the witness's answers on their way */

/* The logging channel from node n: what its life logLife[n] has sent to the partner's life logTo[n]. */
byte sent[2], logLife[2], logTo[2];
/* Welcome or Confirmation on its way to node n, from this life of its partner, 0 for none. */
byte welcome[2], welcomeEpoch[2];

/* Both disks equal and clean: only before the first run. */
bool virgin;

byte crashes;

#ifdef ORDERS
/* An operator's order on its way to the witness: what it names and what it expects. */
byte order;                     /* 0, OVERRIDE or REINIT */
byte orderFor, orderLife;       /* the owner it names, and its life, 0 for none */
byte orderEpoch, orderState;    /* OVERRIDE: the record expected. REINIT: the epoch to be above of */
#define OVERRIDE 1
#define REINIT   2
byte overrides, losses;         /* left */
bool recWord;                   /* the record was last written by an order */
byte kept[2];                   /* epoch.json: the last epoch each node took part in */
bool overruled[2];              /* monitor: an order was written against the machine this life holds */
#define KEEP(n) kept[n] = epoch[n]
#define BY_ORDER recWord
#define OVERRULED(n) overruled[n]
#define KNOWN (recEpoch != 0)   /* the witness has a record of the pair */
#else
#define KEEP(n) skip
#define BY_ORDER false
#define OVERRULED(n) false
#define KNOWN true
#endif

#ifdef LIES
#define LIED true
#else
#define LIED false
#endif
/* What it does is lost, as the operator was told who was wrong about it. */
#define LOST(n) (LIED && OVERRULED(n))

/* Monitors. */
byte liveAt[EPOCHS + 2];        /* L + 1 of the life that was granted this epoch or went live at it, 0 when none was */
byte lastLive;                  /* the greatest epoch somebody went live at */
byte released;                  /* the last position released in the run that goes on */
byte gaveUp[2 * LIVES];         /* lives that ended by their own decision */
#ifdef POWER_OFF
bool ended;                     /* the run has ended on purpose */
#define ENDED ended
#else
#define ENDED false
#endif

#ifdef RENOUNCE
byte renounced[2];              /* on a backup: the number of its outstanding renunciation, 0 for none */
byte granted[2];                /* ... of its last one, outstanding or not: any of them may arrive late */
byte grantLife[2];              /* ... and the life that granted them */
byte asksBack[2];               /* ... of the one it has asked to take back */
byte holds[2];                  /* on a primary: the number of the renunciation it may rely on */
byte forgotten[2];              /* ... of the last one it has confirmed the withdrawal of */
byte confirmLife[2];            /* ... and the life that confirmed */
byte confirmTo[2];              /* ... to this life of its partner */
bool relied[2];                 /* RELIED(epoch) is written */
#define RELIED(n) relied[n]
#define RENOUNCED(n) (renounced[n] != 0)
#else
#define RELIED(n) false
#define RENOUNCED(n) false
#endif

/* For a reader of spin's trails; the search does not see it. */
#define SAY(what) printf(what, n, life[n])     /* node.life, what it does */

hidden byte i, yes;

/* Names of what must never be false, so that spin's complaint carries them; always false themselves. */
hidden byte ABOVE_L, TWO_LIVE, STALE_LIFE, LOST_OUTPUT, THROWN_AWAY, GRANTED_TO_NOBODY, WENT_ON, FORGOT_THE_RUN,
            NOBODY_SERVES, NOT_RESTORED, TWO_SERVE;

/* A primary with its claim for SOLO out; while it lets its backup go, that still follows. */
#define GOES_SOLO(n) (st[n] == CLAIMING && (purpose[n] == GO_SOLO || purpose[n] == LET_GO))

/* OutputGate. */
#define OPEN(n)  (st[n] == SOLO || (st[n] == TAKING && phase[n] != GATED) \
                  || (GOES_SOLO(n) && RELIED(n)) || (st[n] == CLAIMING && purpose[n] == TAKE_OVER))
#define GATE_WAITS(n) (st[n] == PROT || st[n] == HANDING || (st[n] == TAKING && phase[n] == GATED) \
                  || (GOES_SOLO(n) && !RELIED(n)) || (st[n] == CLAIMING && purpose[n] == PROTECT_LIVE))
#define RUNS(n)  (st[n] == SOLO || st[n] == TAKING || st[n] == PROT \
                  || GOES_SOLO(n) || (st[n] == CLAIMING && (purpose[n] == PROTECT_LIVE || purpose[n] == TAKE_OVER)))
/* The log goes to the partner. */
#define STREAMS(n) (st[n] == PROT || (st[n] == TAKING && phase[n] != COPYING) \
                  || (st[n] == CLAIMING && (purpose[n] == PROTECT_LIVE || purpose[n] == LET_GO)))
#define FOLLOWS(n) (st[n] == FOLLOWING || (st[n] == SYNCING && restored[n]))

#ifdef QUIET
bool link = true;               /* between the nodes */
bool sees[2] = { true, true };  /* between each node and the witness */
bool forGood[2];                /* crashed and not coming back */
byte faults, doubts;            /* left: cuts, heals and crashes; false suspicions */
bool lost[2];                   /* every copy sent so far of the outstanding claim was lost on the way */
bool settled;                   /* no fault any more from here on */
#define TOGETHER link
#define REACHES(n) (sees[n] && KNOWN)
/* The partner has gone: there is no process, or its end of the channel is closed, or the link is cut. */
#define BACKUP_GONE(n) (!link || life[1 - (n)] != partner[n] || !(FOLLOWS(1 - (n)) || st[1 - (n)] == SYNCING \
                  || (st[1 - (n)] == STANDBY && welcome[1 - (n)] != 0)))
#define PRIMARY_GONE(n) (!link || life[1 - (n)] != partner[n] || partner[1 - (n)] != life[n] \
                  || !(STREAMS(1 - (n)) || st[1 - (n)] == TAKING \
                  || (st[1 - (n)] == HANDING && acked[1 - (n)] != pos[1 - (n)])))
#define SUSPECTS_BACKUP(n) (BACKUP_GONE(n) || (doubts > 0 && !settled))
#define SUSPECTS_PRIMARY(n) (PRIMARY_GONE(n) || (doubts > 0 && !settled))
#define DOUBTED(gone) if :: gone :: else -> doubts-- fi
#else
#define TOGETHER true
#define REACHES(n) KNOWN
#define BACKUP_GONE(n) true
#define PRIMARY_GONE(n) true
#define SUSPECTS_BACKUP(n) true
#define SUSPECTS_PRIMARY(n) true
#define DOUBTED(gone) skip
#endif

#ifdef QUIET
/* The question may be an old one, but somebody has to answer it while the witness is lost. */
#define ASKED(n) (link && !sees[n] && !sees[1 - (n)] && st[1 - (n)] == PROT && life[1 - (n)] == partner[n])
#define HEARD(n, l) (!ASKS(n, l) || (sees[n] && !lost[n]))
#define COMES_BACK(n) (!forGood[n])
#define FAULTY (!settled)
#define LOST_THE_WITNESS(n) (!sees[n])
#define WITNESS_IS_BACK(n) (sees[n])
#else
#define ASKED(n) true
#define HEARD(n, l) true
#define COMES_BACK(n) true
#define FAULTY true
#define LOST_THE_WITNESS(n) true
#define WITNESS_IS_BACK(n) true
#endif

#ifdef BREAK_PROTECTS_BEFORE_ALL_IS_ACKED
#define HOLDS_ALL_RELEASED(n) true
#else
#define HOLDS_ALL_RELEASED(n) (acked[n] >= bare[n])
#endif

#ifdef BREAK_CLAIMANT_RENOUNCES
#define MAY_RENOUNCE(n) (st[n] == FOLLOWING || (st[n] == CLAIMING && purpose[n] == PROMOTE))
#else
#define MAY_RENOUNCE(n) (st[n] == FOLLOWING)
#endif
#ifdef BREAK_GRANTS_UNNUMBERED
#define NOT_FORGOTTEN(n) true
#else
#define NOT_FORGOTTEN(n) (granted[1 - (n)] > forgotten[n])
#endif
#ifdef BREAK_RELIED_CONFIRMS
#define MAY_CONFIRM(n) (st[n] == PROT || st[n] == HANDING || GOES_SOLO(n))
#else
#define MAY_CONFIRM(n) (st[n] == PROT || st[n] == HANDING \
                  || (st[n] == CLAIMING && (purpose[n] == LET_GO || purpose[n] == STOP)))
#endif

/* An output leaves, and with it all before. After another node went live at a later epoch, nothing above its L. */
#ifdef ORDERS
inline release(n, upTo) {
    i = epoch[n] + 1;
    do
    :: i <= EPOCHS && liveAt[i] == 0 -> i++
    :: else -> break
    od;
    if
    :: LOST(n)
    :: !LOST(n) && liveAt[i] != 0 -> assert(upTo < liveAt[i] || ABOVE_L)
    :: !LOST(n) && liveAt[i] == 0 && upTo > released -> released = upTo
    :: else
    fi;
    i = 0
}
#else
inline release(n, upTo) {
    if
    :: liveAt[epoch[n] + 1] != 0 -> assert(upTo < liveAt[epoch[n] + 1] || ABOVE_L)
    :: liveAt[epoch[n] + 1] == 0 && upTo > released -> released = upTo
    :: else
    fi
}
#endif

inline openGate(n) {
    release(n, pos[n]);
    bare[n] = pos[n];
    acked[n] = 0
}

/* Node n, whose machine holds pos[n] entries, is live at epoch[n]. A grant that an order has overtaken is worth nothing. */
inline goLive(n) {
    KEEP(n);
    if
    :: OVERRULED(n) -> assert(LIED || TWO_SERVE)
    :: else ->
        assert(epoch[n] > lastLive || TWO_LIVE);
        assert((memory[n] && (recSync[n] == life[n] || !KNOWN)) || STALE_LIFE);
        assert(pos[n] >= released || LOST_OUTPUT);
        assert(!ENDED || WENT_ON);
        lastLive = epoch[n];
        liveAt[epoch[n]] = pos[n] + 1
    fi
}

inline forget(n) {
    purpose[n] = 0; phase[n] = 0; epoch[n] = 0; pos[n] = 0; partner[n] = 0; acked[n] = 0; bare[n] = 0;
    restored[n] = false; memory[n] = false; answerYes[n] = false; answerNo[n] = false;
    welcome[n] = 0; welcomeEpoch[n] = 0;
#ifdef ORDERS
    overruled[n] = false;
#endif
#ifdef RENOUNCE
    renounced[n] = 0; holds[n] = 0; relied[n] = false;
#endif
#ifdef QUIET
    lost[n] = false;
#endif
    tidy()
}

/* Claims that no witness can grant any more are no part of the state. Those of living claimants stay: they are refused. */
inline tidy() {
#ifndef BREAK_WITNESS_DOES_NOT_COMPARE
    i = 0;
    do
    :: i < 2 * LIVES ->
        if
        :: claimKind[i] != 0 && claimEpoch[i] < recEpoch &&
                !(st[i / LIVES] == CLAIMING && life[i / LIVES] == i % LIVES + 1) ->
            claimKind[i] = 0; claimEpoch[i] = 0; claimWith[i] = 0
        :: else
        fi;
        i++
    :: else -> break
    od;
    i = 0
#else
    skip
#endif
}

/* The life ends by its own decision, and a new one begins without memory: Outcome.REJOIN. */
inline giveUp(n) {
    gaveUp[SLOT(n, life[n])] = 1;
    st[n] = DOWN;
    forget(n)
}

/* The record names this very life, and only it. */
#define NAMES_ALONE(n) (recState == R_SOLO && recOwner == n && recSync[n] == life[n])

/* An operator has written the record anew, for this very life: it claims once more, expecting that. */
#ifdef BREAK_NAMED_LIFE_GIVES_UP
#define TAKES_OVER(n) false
#else
#define TAKES_OVER(n) (BY_ORDER && NAMES_ALONE(n))
#endif
inline takeOver(n, why, with) {
    SAY("%d.%d finds that an operator named it: claims the record\n");
    submitAt(n, recEpoch, CLAIM_ORDERED, with, why)
}

/* A live machine's claim is refused, or it reads a later record. */
inline refusedSolo(n, why, with) {
    if
    :: TAKES_OVER(n) -> takeOver(n, why, with)
    :: else -> giveUpLive(n)
    fi
}

/* A live machine is given up only when the record has moved on to another. */
inline giveUpLive(n) {
    assert(!KNOWN || (recEpoch > epoch[n] && !NAMES_ALONE(n)) || THROWN_AWAY);
    giveUp(n)
}

inline submit(n, what, with, why) { submitAt(n, epoch[n], what, with, why) }

/* Expecting a record of that epoch. */
inline submitAt(n, at, what, with, why) {
    st[n] = CLAIMING;
    purpose[n] = why;
    answerYes[n] = false; answerNo[n] = false;
#ifdef QUIET
    lost[n] = false;
#endif
    claimKind[SLOT(n, life[n])] = what;
    claimEpoch[SLOT(n, life[n])] = at;
    claimWith[SLOT(n, life[n])] = with
}

inline claimColdBoot(n) {
    epoch[n] = recEpoch; KEEP(n);
    submit(n, COLD_BOOT, recState, COLD_BOOT)
}

#define CLAIM(n, l) SLOT(n, l)

/* ClaimTable.objection is empty: the record becomes the claim's. */
#if defined(BREAK_WITNESS_DOES_NOT_COMPARE)
#define SAME_EPOCH(s) true
#define IN_SYNC(n, l) true
#define PROTECTED_EXPECTED true
#elif defined(BREAK_WITNESS_IGNORES_IN_SYNC)
#define BREAK_JOINER_CLAIMS_UNREAD
#define SAME_EPOCH(s) (claimEpoch[s] == recEpoch)
#define IN_SYNC(n, l) true
#define PROTECTED_EXPECTED true
#else
#define SAME_EPOCH(s) (claimEpoch[s] == recEpoch)
#ifdef BREAK_WITNESS_IGNORES_LIFE
#define IN_SYNC(n, l) (recSync[n] != 0)
#else
#define IN_SYNC(n, l) (recSync[n] == (l))
#endif
#define PROTECTED_EXPECTED (recState == R_PROTECTED)
#endif
#ifdef BREAK_ANYBODY_COLD_BOOTS
#define OWNS(n) true
#else
#define OWNS(n) (recOwner == (n))
#endif
#define FITS(n, l, s) (KNOWN && SAME_EPOCH(s) && ( \
       ((claimKind[s] == GO_SOLO) && recEpoch < EPOCHS && PROTECTED_EXPECTED && IN_SYNC(n, l)) \
    || ((claimKind[s] == CLAIM_ORDERED) && recEpoch < EPOCHS && recState == R_SOLO && recSync[n] == (l)) \
    || ((claimKind[s] == PROTECT) && recState == R_SOLO && recOwner == (n) && recSync[n] == (l)) \
    || ((claimKind[s] == STOP) && recState == claimWith[s] && recOwner == (n) && recSync[n] == (l)) \
    || ((claimKind[s] == COLD_BOOT) && recEpoch < EPOCHS && recState == claimWith[s] && OWNS(n) \
            && recSync[n] != (l))))
/* ... or it is what the record was last changed by. */
#ifdef BREAK_GRANT_KNOWN_BY_OWNER
#define STANDS(n, l, s) (recOwner == (n) && recEpoch == claimEpoch[s] + (claimKind[s] != PROTECT && claimKind[s] != STOP))
#else
#define STANDS(n, l, s) (recOwner == (n) && recSync[n] == (l) && !BY_ORDER && ( \
       ((claimKind[s] == GO_SOLO || claimKind[s] == COLD_BOOT || claimKind[s] == CLAIM_ORDERED) && recState == R_SOLO && recEpoch == claimEpoch[s] + 1) \
    || ((claimKind[s] == STOP) && recState == R_STOPPED && recEpoch == claimEpoch[s]) \
    || ((claimKind[s] == PROTECT) && recState == R_PROTECTED && recEpoch == claimEpoch[s] \
            && recSync[1 - (n)] == claimWith[s])))
#endif
/* The claimant lives and waits for the answer. */
#define ASKS(n, l) (st[n] == CLAIMING && life[n] == (l))
/* At the last epoch of the model no claim is answered any more that would need another. */
#define BEYOND(s) (recEpoch == EPOCHS && claimEpoch[s] == recEpoch && claimKind[s] != PROTECT && claimKind[s] != STOP)

/* One copy of the claim of life l of node n reaches the witness. */
inline arrives(n, l) {
    d_step {
        claimKind[SLOT(n, l)] != 0 && KNOWN && !BEYOND(SLOT(n, l)) &&
            (FITS(n, l, SLOT(n, l)) ||
                (ASKS(n, l) && ((STANDS(n, l, SLOT(n, l)) && !answerYes[n]) ||
                                   (!STANDS(n, l, SLOT(n, l)) && !answerNo[n])))) &&
            HEARD(n, l) -> yes = 0;
        if
        :: FITS(n, l, SLOT(n, l)) ->
            printf("    the witness grants a claim of %d.%d\n", n, l);
            yes = 1;
            assert(gaveUp[SLOT(n, l)] == 0 || GRANTED_TO_NOBODY);
#ifdef ORDERS
            recWord = false;
#endif
            if
            :: claimKind[SLOT(n, l)] == PROTECT ->
                recState = R_PROTECTED; recSync[1 - n] = claimWith[SLOT(n, l)]
#ifdef POWER_OFF
            :: claimKind[SLOT(n, l)] == STOP -> recState = R_STOPPED; ended = true
#endif
            :: else ->
                if
                :: (claimKind[SLOT(n, l)] == GO_SOLO || claimKind[SLOT(n, l)] == CLAIM_ORDERED) && claimWith[SLOT(n, l)] != 0 ->
                    liveAt[recEpoch + 1] = claimWith[SLOT(n, l)]
                :: else
                fi;
                recEpoch++; recOwner = n; recState = R_SOLO; recSync[n] = l; recSync[1 - n] = 0
            fi
        :: else -> if :: STANDS(n, l, SLOT(n, l)) -> yes = 1 :: else fi
        fi;
        if
        :: ASKS(n, l) && yes == 1 -> answerYes[n] = true
        :: ASKS(n, l) && yes == 0 -> answerNo[n] = true
        :: else -> claimKind[SLOT(n, l)] = 0; claimEpoch[SLOT(n, l)] = 0; claimWith[SLOT(n, l)] = 0
        fi;
        yes = 0;
        tidy()
    }
}

active proctype Witness() {
end:
    do
    :: arrives(0, 1)
    :: arrives(1, 1)
#if LIVES > 1
    :: arrives(0, 2)
    :: arrives(1, 2)
#endif
#if LIVES > 2
    :: arrives(0, 3)
    :: arrives(1, 3)
#endif
    od
}

inline claimed(n) {
    answerYes[n] = false; answerNo[n] = false; purpose[n] = 0;
#ifdef QUIET
    lost[n] = false;
#endif
    claimKind[SLOT(n, life[n])] = 0; claimEpoch[SLOT(n, life[n])] = 0; claimWith[SLOT(n, life[n])] = 0
}

/* Every receipt that can count: of this epoch, of the very life the gate waits for. */
#ifdef BREAK_ANY_LIFE_ACKS
#define RECEIPT(n) (receipt[SLOT(1 - (n), 1)] > receipt[SLOT(1 - (n), 2)] \
                    -> receipt[SLOT(1 - (n), 1)] : receipt[SLOT(1 - (n), 2)])
#else
#define RECEIPT(n) (receipt[SLOT(1 - (n), partner[n])])
#endif

proctype Node(bit n) {
end:
    do
    /* A process begins. */
    :: d_step { st[n] == DOWN && life[n] < LIVES && COMES_BACK(n) ->
        SAY("%d.%d begins (the life before this one is over)\n"); life[n]++; st[n] = READING }

    /* ... and dies. */
    :: d_step { st[n] != DOWN && st[n] != STOPPED && crashes > 0 && FAULTY ->
        SAY("%d.%d dies\n"); crashes--; st[n] = DOWN; forget(n) }
#ifdef QUIET
    :: d_step { st[n] != DOWN && crashes > 0 && FAULTY ->
        SAY("%d.%d dies\n"); crashes--; st[n] = DOWN; forget(n); forGood[n] = true }
#endif

    /* Reading: a new life asks where the pair stands. An owner waits as long as it likes for a partner in sync. */
    :: d_step { st[n] == READING && REACHES(n) -> SAY("%d.%d reads the record\n");
        if
#ifdef BREAK_SERVES_BEFORE_A_CLAIM
        :: recOwner == n && recState == R_SOLO ->
            st[n] = SOLO; epoch[n] = recEpoch; memory[n] = true; released = 0; goLive(n); openGate(n)
        :: recOwner == n && recState != R_SOLO -> claimColdBoot(n)
#else
        :: OWNS(n) -> claimColdBoot(n)
#endif
        :: else -> st[n] = STANDBY
        fi }

    /* Standby: a claim of an earlier life was granted late. */
#ifndef BREAK_STANDBY_NEVER_LOOKS
    :: d_step { st[n] == STANDBY && REACHES(n) && recOwner == n ->
        SAY("%d.%d finds itself the owner\n"); welcome[n] = 0; welcomeEpoch[n] = 0; claimColdBoot(n) }
#endif
#ifdef BREAK_WITNESS_IGNORES_LIFE
    :: d_step { st[n] == STANDBY && recOwner != n && recState == R_PROTECTED ->
        SAY("%d.%d claims SOLO for a life that is over\n");
        epoch[n] = recEpoch; submit(n, GO_SOLO, pos[n] + 1, PROMOTE) }
#endif

    /* Claiming COLD_BOOT. The run begins anew: what the last one released may be missing, and the node says so. */
    :: d_step { answerYes[n] && purpose[n] == COLD_BOOT -> SAY("%d.%d cold boot granted: live at 0, a new run\n");
        /* Memory is lost by a crash only: not by cuts, suspicions, late messages, hand-overs. */
        assert(crashes < CRASHES || lastLive == 0 || ENDED || LIED || FORGOT_THE_RUN);
        epoch[n]++; claimed(n); st[n] = ALONE; memory[n] = true;
        if :: OVERRULED(n) :: else -> released = 0 fi;
#ifdef POWER_OFF
        ended = false;
#endif
        goLive(n) }
    :: d_step { answerNo[n] && purpose[n] == COLD_BOOT -> SAY("%d.%d cold boot refused\n");
        claimed(n); epoch[n] = 0;
#ifdef BREAK_REFUSED_BOOT_HALTS
        st[n] = HALTED
#else
        st[n] = READING
#endif
        }

    /* Alone. */
    :: d_step { st[n] == ALONE -> SAY("%d.%d starts the machine alone\n"); st[n] = SOLO; virgin = false; openGate(n) }
    :: d_step { st[n] == ALONE && virgin && st[1 - n] == STANDBY && TOGETHER ->
        SAY("%d.%d claims PROTECTED, the machine still off\n");
        partner[n] = life[1 - n]; submit(n, PROTECT, life[1 - n], PROTECT) }
    :: d_step { answerYes[n] && (purpose[n] == PROTECT || purpose[n] == PROTECT_LIVE) ->
        SAY("%d.%d PROTECTED granted\n");
        if
        :: purpose[n] == PROTECT -> sent[n] = 0; logLife[n] = life[n]; logTo[n] = partner[n]; acked[n] = 0; virgin = false
        :: else
        fi;
        claimed(n); st[n] = PROT;
#ifdef RENOUNCE
        holds[n] = 0; forgotten[n] = 0; confirmLife[n] = 0; confirmTo[n] = 0;
#endif
        if
        :: life[1 - n] == partner[n] && st[1 - n] != DOWN ->
            welcome[1 - n] = life[n]; welcomeEpoch[1 - n] = epoch[n]
        :: else
        fi }
    :: d_step { answerNo[n] && (purpose[n] == PROTECT || purpose[n] == PROTECT_LIVE) ->
        SAY("%d.%d PROTECTED refused\n");
        if
        :: purpose[n] == PROTECT_LIVE -> phase[n] = 0; refusedSolo(n, GO_SOLO, 0)
        :: else -> giveUpLive(n)
        fi }

    /* Standby is welcomed: a backup from the first step. */
    :: d_step { st[n] == STANDBY && welcome[n] != 0 && TOGETHER ->
        SAY("%d.%d is welcomed: follows from the first step\n");
        st[n] = FOLLOWING; epoch[n] = welcomeEpoch[n]; KEEP(n); partner[n] = welcome[n]; memory[n] = true;
        welcome[n] = 0; welcomeEpoch[n] = 0 }

    /* The machine runs; each entry closes with an output's mark. */
    :: d_step { RUNS(n) && pos[n] < ENTRIES -> SAY("%d.%d writes an entry with an output\n");
        pos[n]++;
        if :: STREAMS(n) -> sent[n] = pos[n] :: else fi;
        if
        :: OPEN(n) -> release(n, pos[n]); bare[n] = pos[n]
#ifdef BREAK_RELEASES_WHEN_SENT
        :: !OPEN(n) && st[n] == PROT -> release(n, pos[n])
        :: !OPEN(n) && st[n] != PROT
#else
        :: else
#endif
        fi }

    /* The log arrives; the receipt is given at once. */
    :: d_step { FOLLOWS(n) && TOGETHER && logLife[1 - n] == partner[n] && logTo[1 - n] == life[n] && pos[n] < sent[1 - n] ->
        SAY("%d.%d receives an entry and acknowledges it\n");
        pos[n]++; receipt[SLOT(n, life[n])] = pos[n] }
#ifdef BREAK_ACKS_WHILE_CLAIMING
    :: d_step { st[n] == CLAIMING && purpose[n] == PROMOTE && receipt[SLOT(n, life[n])] < sent[1 - n] ->
        SAY("%d.%d acknowledges what it has not read\n");
        receipt[SLOT(n, life[n])] = sent[1 - n] }
#endif

    /* A receipt arrives. */
    :: d_step { GATE_WAITS(n) && TOGETHER && RECEIPT(n) > acked[n] ->
        SAY("%d.%d gets a receipt: output leaves\n"); acked[n] = RECEIPT(n); release(n, acked[n]) }

    /* Protected: the backup is silent, or leaves. */
    :: d_step { st[n] == PROT && SUSPECTS_BACKUP(n) ->
        SAY("%d.%d suspects its backup: claims SOLO\n"); DOUBTED(BACKUP_GONE(n));
#ifdef BREAK_READING_IS_ENOUGH
        if
        :: recOwner == n -> st[n] = SOLO; openGate(n)
        :: else -> giveUp(n)
        fi
#else
        submit(n, GO_SOLO, 0, GO_SOLO)
#endif
        }
    /* The operator wants the backup taken in afresh: the channel stays until SOLO is granted. */
    :: d_step { st[n] == PROT && FAULTY ->
        SAY("%d.%d lets its backup go, which does not know of it: claims SOLO\n"); submit(n, GO_SOLO, 0, LET_GO) }
    :: d_step { st[n] == CLAIMING && purpose[n] == LET_GO && SUSPECTS_BACKUP(n) ->
        SAY("%d.%d suspects the backup it lets go\n"); DOUBTED(BACKUP_GONE(n)); purpose[n] = GO_SOLO }
    :: d_step { answerYes[n] && (purpose[n] == GO_SOLO || purpose[n] == LET_GO || purpose[n] == TAKE_OVER) -> SAY("%d.%d SOLO granted: all output leaves\n");
        epoch[n] = claimEpoch[SLOT(n, life[n])] + 1; claimed(n); st[n] = SOLO; partner[n] = 0;
#ifdef RENOUNCE
        holds[n] = 0; relied[n] = false;
#endif
        goLive(n); openGate(n) }
#ifdef BREAK_REFUSED_GOES_ON
    :: d_step { answerNo[n] && (purpose[n] == GO_SOLO || purpose[n] == LET_GO) ->
        SAY("%d.%d SOLO refused\n"); claimed(n); st[n] = SOLO; openGate(n) }
#else
    :: d_step { answerNo[n] && (purpose[n] == GO_SOLO || purpose[n] == LET_GO || purpose[n] == TAKE_OVER) ->
        SAY("%d.%d SOLO refused\n"); refusedSolo(n, purpose[n], 0) }
#endif

#ifdef POWER_OFF
    /* The guest's power-off has left: the end of the run is recorded. */
    :: d_step { (st[n] == PROT || st[n] == SOLO || st[n] == TAKING) && pos[n] == ENTRIES && (OPEN(n) || acked[n] == pos[n]) ->
        SAY("%d.%d the power-off has left: ends the run\n");
#ifdef BREAK_ENDS_WITHOUT_CLAIM
        st[n] = STOPPED; forget(n); ended = true
#else
        if
        :: st[n] == PROT -> submit(n, STOP, R_PROTECTED, STOP)
        :: else -> phase[n] = 0; submit(n, STOP, R_SOLO, STOP)
        fi
#endif
        }
    :: d_step { answerYes[n] && purpose[n] == STOP ->
        SAY("%d.%d end of the run granted\n"); claimed(n); st[n] = STOPPED; forget(n) }
    :: d_step { answerNo[n] && purpose[n] == STOP -> SAY("%d.%d end of the run refused\n");
        if
        :: TAKES_OVER(n) -> submitAt(n, recEpoch, STOP, R_SOLO, STOP)
        :: else -> giveUpLive(n)
        fi }
    /* Started again on purpose. */
    :: d_step { st[n] == STOPPED && life[n] < LIVES -> SAY("%d.%d is started again\n"); life[n]++; st[n] = READING }
#endif

    /* HandingOver, by an operator's word: the machine stops at a mark. */
    :: d_step { st[n] == PROT && FAULTY ->
        SAY("%d.%d stops the machine at a mark and hands over\n"); st[n] = HANDING }
#ifdef BREAK_HANDS_OVER_UNREAD
    :: d_step { st[n] == HANDING && acked[n] == pos[n] ->
        SAY("%d.%d has handed over, it thinks: gives up\n"); giveUpLive(n) }
#endif
#ifdef RENOUNCE
    /* The backup is told to go live: with that every renunciation of its is forgotten, whatever its number. */
    :: d_step { st[n] == HANDING && acked[n] == pos[n] && forgotten[n] != GRANTS ->
        SAY("%d.%d tells its backup to go live\n");
        forgotten[n] = GRANTS; holds[n] = 0; confirmLife[n] = life[n]; confirmTo[n] = partner[n] }
#endif
    :: d_step { st[n] == HANDING && REACHES(n) && recEpoch > epoch[n] ->
        SAY("%d.%d reads that the record has moved on\n");
#ifdef BREAK_HANDS_OVER_TO_ITSELF
        giveUpLive(n)
#else
        refusedSolo(n, GO_SOLO, 0)
#endif
        }
    /* The record does not move on in time: the machine runs on. */
    :: d_step { st[n] == HANDING -> SAY("%d.%d has waited long enough and runs on\n"); st[n] = PROT }
    :: d_step { st[n] == HANDING && SUSPECTS_BACKUP(n) ->
        SAY("%d.%d suspects its backup, cannot hand over\n"); DOUBTED(BACKUP_GONE(n));
#ifdef BREAK_FAILED_HAND_OVER_DISCARDS
        giveUpLive(n)
#else
        submit(n, GO_SOLO, 0, GO_SOLO)
#endif
        }

    /* Following: the primary is silent, or hands over. The channel is closed for good, the log replayed, SOLO claimed. */
    :: d_step { st[n] == FOLLOWING && SUSPECTS_PRIMARY(n) ->
        SAY("%d.%d suspects its primary, closes the channel, drains, claims SOLO\n"); DOUBTED(PRIMARY_GONE(n));
#ifdef BREAK_PROMOTES_WITHOUT_CLAIM
        epoch[n]++; st[n] = SOLO; liveAt[epoch[n]] = pos[n] + 1; openGate(n)
#else
        if
#ifndef BREAK_RENOUNCED_CLAIMS
        :: RENOUNCED(n) -> st[n] = DRAINING
        :: !RENOUNCED(n) -> submit(n, GO_SOLO, pos[n] + 1, PROMOTE)
#else
        :: true -> submit(n, GO_SOLO, pos[n] + 1, PROMOTE)
#endif
        fi
#endif
        }
    :: d_step { answerYes[n] && purpose[n] == PROMOTE -> SAY("%d.%d SOLO granted: goes live, emits again\n");
        epoch[n] = claimEpoch[SLOT(n, life[n])] + 1; claimed(n); st[n] = SOLO; partner[n] = 0; goLive(n); openGate(n) }
    :: d_step { answerNo[n] && purpose[n] == PROMOTE -> SAY("%d.%d promotion refused\n");
        if
        :: TAKES_OVER(n) -> takeOver(n, PROMOTE, pos[n] + 1)
        :: else -> giveUp(n)
        fi }
#ifdef BREAK_CLAIMANT_RESUMES
    :: d_step { st[n] == CLAIMING && purpose[n] == PROMOTE ->
        SAY("%d.%d follows again, its claim still out\n"); st[n] = FOLLOWING; purpose[n] = 0; answerYes[n] = false; answerNo[n] = false }
#endif

#ifdef ORDERS
#ifndef BREAK_SOLO_NEVER_LOOKS
    /* A node live alone looks at the record now and then: only an order moves it on without that node. */
    :: d_step { st[n] == SOLO && REACHES(n) && recEpoch > epoch[n] ->
        SAY("%d.%d, live alone, reads that the record has moved on\n"); refusedSolo(n, TAKE_OVER, 0) }
#endif
#ifndef BREAK_REINIT_LEAVES_IT_AT_THAT
    /* An operator who has named a primary with a backup has that taken in afresh. */
    :: d_step { st[n] == PROT && REACHES(n) && BY_ORDER && recEpoch > epoch[n] && NAMES_ALONE(n) ->
        SAY("%d.%d is told to take its backup in afresh: claims SOLO\n"); submit(n, GO_SOLO, 0, LET_GO) }
#endif
#endif

    /* Solo takes its partner in; Standby is invited. */
    :: d_step { st[n] == SOLO && st[1 - n] == STANDBY && TOGETHER -> SAY("%d.%d invites its partner\n");
        st[n] = TAKING; phase[n] = COPYING; partner[n] = life[1 - n]; acked[n] = 0;
        st[1 - n] = SYNCING; epoch[1 - n] = epoch[n]; KEEP(1 - n); partner[1 - n] = life[n]; restored[1 - n] = false;
        welcome[1 - n] = 0; welcomeEpoch[1 - n] = 0 }
    /* Disk and memory are there; the log follows. */
    :: d_step { st[n] == TAKING && phase[n] == COPYING && st[1 - n] == SYNCING && !restored[1 - n] &&
            partner[1 - n] == life[n] && life[1 - n] == partner[n] && TOGETHER ->
        SAY("%d.%d has sent disk and memory: the partner holds all so far\n");
        phase[n] = FOLLOWED; sent[n] = pos[n]; logLife[n] = life[n]; logTo[n] = partner[n];
        pos[1 - n] = pos[n]; restored[1 - n] = true; memory[1 - n] = true;
        receipt[SLOT(1 - n, life[1 - n])] = pos[n] }
    :: d_step { st[n] == TAKING && phase[n] == FOLLOWED ->
        SAY("%d.%d makes output wait for receipts\n"); phase[n] = GATED; acked[n] = 0 }
    :: d_step { st[n] == TAKING && phase[n] == GATED && HOLDS_ALL_RELEASED(n) ->
        SAY("%d.%d claims PROTECTED\n"); submit(n, PROTECT, partner[n], PROTECT_LIVE) }
    :: d_step { st[n] == TAKING && SUSPECTS_BACKUP(n) ->
        SAY("%d.%d loses the partner it was taking in: all output leaves\n"); DOUBTED(BACKUP_GONE(n));
        st[n] = SOLO; phase[n] = 0; partner[n] = 0; openGate(n) }
#ifdef BREAK_GATE_REOPENS_WHILE_PROTECTING
    :: d_step { st[n] == CLAIMING && purpose[n] == PROTECT_LIVE && SUSPECTS_BACKUP(n) ->
        SAY("%d.%d opens the gate while PROTECTED may yet be granted\n");
        st[n] = SOLO; purpose[n] = 0; phase[n] = 0; partner[n] = 0; answerYes[n] = false; answerNo[n] = false; openGate(n) }
#endif
    /* The Confirmation arrives. */
    :: d_step { st[n] == SYNCING && restored[n] && welcome[n] == partner[n] && TOGETHER ->
        SAY("%d.%d is confirmed: a backup\n");
        st[n] = FOLLOWING; restored[n] = false; welcome[n] = 0; welcomeEpoch[n] = 0 }
    /* Syncing: the source is gone. With all of it here the record may name this life in sync: it is read first. */
    :: d_step { st[n] == SYNCING && !restored[n] && SUSPECTS_PRIMARY(n) ->
        SAY("%d.%d loses its source before all is here: gives up\n"); DOUBTED(PRIMARY_GONE(n)); giveUp(n) }
#ifdef BREAK_JOINER_CLAIMS_UNREAD
    :: d_step { st[n] == SYNCING && restored[n] && SUSPECTS_PRIMARY(n) ->
        SAY("%d.%d loses its source, unconfirmed: claims SOLO unread\n"); DOUBTED(PRIMARY_GONE(n));
        restored[n] = false; submit(n, GO_SOLO, pos[n] + 1, PROMOTE) }
#else
    :: d_step { st[n] == SYNCING && restored[n] && SUSPECTS_PRIMARY(n) && REACHES(n) ->
        SAY("%d.%d loses its source, unconfirmed: reads the record\n"); DOUBTED(PRIMARY_GONE(n));
        restored[n] = false;
        if
        :: recEpoch == epoch[n] && recState == R_PROTECTED && recSync[n] == life[n] -> submit(n, GO_SOLO, pos[n] + 1, PROMOTE)
        :: else -> giveUp(n)
        fi }
#endif

#ifdef RENOUNCE
    /* A primary that has lost the witness asks; a backup that has lost it too grants, by number. */
    :: d_step { MAY_RENOUNCE(n) && renounced[n] == 0 && (granted[n] < GRANTS || grantLife[n] != life[n]) && ASKED(n) ->
        SAY("%d.%d renounces\n");
        if :: grantLife[n] != life[n] -> granted[n] = 0; asksBack[n] = 0 :: else fi;
        grantLife[n] = life[n]; granted[n]++; renounced[n] = granted[n] }
    /* The grant arrives, any one of them, at any time. */
    :: d_step { (st[n] == PROT || (GOES_SOLO(n) && !relied[n])) &&
            grantLife[1 - n] == partner[n] && granted[1 - n] > holds[n] && TOGETHER && NOT_FORGOTTEN(n) ->
        SAY("%d.%d gets a renunciation\n"); holds[n] = granted[1 - n] }
    /* The backup is silent and the witness lost: RELIED is written, all held output leaves; the claim stays out. */
    :: d_step { st[n] == PROT && holds[n] != 0 && LOST_THE_WITNESS(n) && SUSPECTS_BACKUP(n) ->
        SAY("%d.%d suspects its backup: RELIED, all output leaves\n"); DOUBTED(BACKUP_GONE(n));
        submit(n, GO_SOLO, 0, GO_SOLO); relied[n] = true; release(n, pos[n]); bare[n] = pos[n] }
    :: d_step { st[n] == CLAIMING && purpose[n] == GO_SOLO && holds[n] != 0 && !relied[n] && LOST_THE_WITNESS(n) ->
        SAY("%d.%d RELIED: all output leaves\n");
        relied[n] = true; release(n, pos[n]); bare[n] = pos[n] }
    /* The backup asks to take it back. */
    :: d_step { (st[n] == FOLLOWING || st[n] == DRAINING) && renounced[n] != 0 && asksBack[n] != renounced[n] &&
            WITNESS_IS_BACK(n) && TOGETHER -> SAY("%d.%d asks for its renunciation back\n");
        asksBack[n] = renounced[n] }
    /* The primary confirms and forgets. */
    :: d_step { MAY_CONFIRM(n) && asksBack[1 - n] > forgotten[n] && grantLife[1 - n] == partner[n] && TOGETHER ->
        SAY("%d.%d confirms and forgets the renunciation\n");
        forgotten[n] = asksBack[1 - n]; holds[n] = 0; confirmLife[n] = life[n]; confirmTo[n] = partner[n] }
#ifdef BREAK_ANOTHER_LIFE_CONFIRMS
    :: d_step { st[n] == READING && asksBack[1 - n] > forgotten[n] ->
        SAY("%d.%d confirms a renunciation it never held\n");
        forgotten[n] = asksBack[1 - n]; confirmLife[n] = partner[1 - n]; confirmTo[n] = grantLife[1 - n] }
#endif
    /* The confirmation arrives. */
    :: d_step { (st[n] == FOLLOWING || st[n] == DRAINING) && renounced[n] != 0 && forgotten[1 - n] >= renounced[n] &&
            confirmLife[1 - n] == partner[n] && confirmTo[1 - n] == life[n] && TOGETHER ->
        SAY("%d.%d has its renunciation back\n"); renounced[n] = 0 }
#ifdef BREAK_RENUNCIATION_TAKEN_BACK_ALONE
    :: d_step { (st[n] == FOLLOWING || st[n] == DRAINING) && renounced[n] != 0 ->
        SAY("%d.%d takes its renunciation back by itself\n"); renounced[n] = 0 }
#endif
    /* Draining, renounced: claims when it has it back, gives up when the record has moved on. */
    :: d_step { st[n] == DRAINING && renounced[n] == 0 ->
        SAY("%d.%d claims SOLO\n"); submit(n, GO_SOLO, pos[n] + 1, PROMOTE) }
    :: d_step { st[n] == DRAINING && REACHES(n) && recEpoch > epoch[n] ->
        SAY("%d.%d reads that the record has moved on: gives up\n"); giveUp(n) }
#endif
    od
}

#ifdef ORDERS
/* OperatorOrder. A node's process that does not run, or ends by itself as soon as it has read that it is unknown. */
#define OFF(n) (st[n] == DOWN || st[n] == STOPPED || st[n] == HALTED || (st[n] == READING && !KNOWN))
/* It holds no machine and waits for no answer: checkIdle. */
#ifdef BREAK_OVERRIDE_NAMES_ANYBODY
#define IDLE(n) true
#else
#define IDLE(n) (OFF(n) || st[n] == READING || st[n] == STANDBY)
#endif
#if defined(LIES) || defined(BREAK_ORDERS_AGAINST_A_LIVE_NODE)
#define SAID_TO_BE_OFF(n) true
#else
#define SAID_TO_BE_OFF(n) OFF(n)
#endif
/* The record has to name its life: livingMemory. */
#define LIVES_ON(n) (RUNS(n) || st[n] == HANDING || (st[n] == CLAIMING && (purpose[n] == PROMOTE || purpose[n] == STOP)))
/* Nobody else can be live, whatever was granted before the storage was lost: isSurelyTheLiveOne. */
#define SURELY_LIVE(n) (st[n] == SOLO || st[n] == TAKING || (GOES_SOLO(n) && RELIED(n)) \
                  || (st[n] == PROT && FOLLOWS(1 - (n)) && partner[1 - (n)] == life[n] && life[1 - (n)] == partner[n]))
/* The partner was live later than this life: the operator is told that what it answered since would be lost, and names it instead. */
#ifdef BREAK_REINIT_NAMES_AN_OLDER_LIFE
#define NEWEST(n) true
#else
#define NEWEST(n) (kept[1 - (n)] <= epoch[n])
#endif
#ifdef BREAK_REINIT_FORGETS_AN_EPOCH
#define ABOVE(n) kept[n]
#else
#define ABOVE(n) (kept[0] > kept[1] -> kept[0] : kept[1])
#endif
#ifdef BREAK_OVERRIDE_DOES_NOT_COMPARE
#define AS_EXPECTED true
#else
#define AS_EXPECTED (recEpoch == orderEpoch && recState == orderState)
#endif

/* The witness does not know the pair, and what it had answered before has arrived: an operator takes longer than any answer. */
#define FORGOTTEN_BY_WITNESS (!KNOWN && !answerYes[0] && !answerNo[0] && !answerYes[1] && !answerNo[1])

/* An order is decided: all is looked at some time before it arrives. */
inline decideReinit(n, named) {
    order = REINIT; orderFor = n; orderLife = named; orderEpoch = ABOVE(n)
}
#define OVERRIDES_FOR(n) d_step { overrides > 0 && order == 0 && KNOWN && recOwner != n && IDLE(n) && SAID_TO_BE_OFF(1 - n) -> \
        printf("    an operator decides to make %d the owner\n", n); \
        overrides--; order = OVERRIDE; orderFor = n; orderEpoch = recEpoch; orderState = recState }
#define REINITS_FOR(n) d_step { order == 0 && FORGOTTEN_BY_WITNESS && LIVES_ON(n) && NEWEST(n) && (SURELY_LIVE(n) || SAID_TO_BE_OFF(1 - n)) -> \
        printf("    an operator decides to name %d.%d to the witness that has lost its storage\n", n, life[n]); decideReinit(n, life[n]) }
#define REINITS_BOOT_OF(n) d_step { order == 0 && FORGOTTEN_BY_WITNESS && IDLE(n) && SAID_TO_BE_OFF(1 - n) -> \
        printf("    an operator decides to name %d to the witness that has lost its storage\n", n); decideReinit(n, 0) }
/* Who stands in the way of naming its partner, or waits for an answer that cannot come and holds no run, is ended first. */
#define IN_THE_WAY(n) ((!OFF(n) && LIVES_ON(1 - n) && NEWEST(1 - n) && !SURELY_LIVE(1 - n)) || (st[n] == STANDBY && IDLE(1 - n)))
#define STUCK(n) ((st[n] == CLAIMING && (purpose[n] == COLD_BOOT || purpose[n] == PROTECT)) \
                  || (OFF(1 - n) && (st[n] == DRAINING || st[n] == SYNCING || (st[n] == CLAIMING && !NEWEST(n)))))
#define ENDS(n) d_step { order == 0 && FORGOTTEN_BY_WITNESS && (IN_THE_WAY(n) || STUCK(n)) -> \
        printf("    an operator ends %d.%d\n", n, life[n]); st[n] = DOWN; forget(n) }

proctype Operator() {
end:
    do
    :: OVERRIDES_FOR(0)
    :: OVERRIDES_FOR(1)
    :: REINITS_FOR(0)
    :: REINITS_FOR(1)
    :: REINITS_BOOT_OF(0)
    :: REINITS_BOOT_OF(1)
    :: ENDS(0)
    :: ENDS(1)
    /* The witness loses its storage. */
    :: d_step { losses > 0 && KNOWN && FAULTY -> printf("    the witness loses its storage\n"); losses--;
        recEpoch = 0; recOwner = 0; recState = 0; recSync[0] = 0; recSync[1] = 0; recWord = false }
    /* The order reaches it. */
    :: d_step { (order == OVERRIDE && KNOWN && AS_EXPECTED && recEpoch < EPOCHS) || (order == REINIT && !KNOWN && orderEpoch < EPOCHS) ->
        printf("    the witness writes what the operator ordered: the owner is %d\n", orderFor);
#ifndef LIES
        /* With an operator who is right it is written only where no machine is lost by it. */
        assert(orderLife != 0 || (!memory[0] && !memory[1]) || THROWN_AWAY);
#endif
        recEpoch = (order == OVERRIDE -> recEpoch : orderEpoch) + 1;
        recOwner = orderFor; recState = R_SOLO; recSync[orderFor] = orderLife; recSync[1 - orderFor] = 0; recWord = true;
        overruled[1 - orderFor] = (memory[1 - orderFor] || answerYes[1 - orderFor]);
        overruled[orderFor] = ((memory[orderFor] || answerYes[orderFor]) && orderLife != life[orderFor]);
#ifdef POWER_OFF
        if :: orderLife != 0 -> ended = false :: else fi;   /* a start on purpose */
#endif
        order = 0; orderFor = 0; orderLife = 0; orderEpoch = 0; orderState = 0;
        tidy() }
    :: d_step { (order == OVERRIDE && (!KNOWN || !AS_EXPECTED)) || (order == REINIT && KNOWN) ->
        printf("    the witness refuses the order\n");
        order = 0; orderFor = 0; orderLife = 0; orderEpoch = 0; orderState = 0 }
    od
}
#endif

#ifdef QUIET
/* Faults: links are cut and heal, claims are lost on the way. Some time they end; what is broken then stays broken. */
#define CUT(what, name) d_step { !settled && what && faults > 0 -> printf(name); what = false; faults-- }
#define HEAL(what, name) d_step { !settled && !what -> printf(name); what = true }
#define LOSE(n) d_step { !settled && st[n] == CLAIMING && !lost[n] && faults > 0 -> \
        printf("    the claim of %d.%d is lost on the way\n", n, life[n]); lost[n] = true; answerYes[n] = false; answerNo[n] = false; faults-- }
#define REPEAT(n) d_step { st[n] == CLAIMING && lost[n] && sees[n] -> lost[n] = false }
/* A claim whose sender is gone need not arrive. */
#define DROP(n, l) d_step { settled && claimKind[SLOT(n, l)] != 0 && !ASKS(n, l) -> \
        claimKind[SLOT(n, l)] = 0; claimEpoch[SLOT(n, l)] = 0; claimWith[SLOT(n, l)] = 0 }

#define SERVES(n) (st[n] == ALONE || OPEN(n) \
        || (STREAMS(n) && !BACKUP_GONE(n) && FOLLOWS(1 - n) && acked[n] == pos[n]))
/* It could: it reaches the witness, and the record lets this very life, or any of the owner's, go on. */
#define MAY_SERVE(n) (st[n] != DOWN && sees[n] && (recOwner == n || (recSync[n] == life[n] && memory[n])) && !RENOUNCED(n))
#ifdef ORDERS
#define ORDER_BEYOND (order == REINIT && orderEpoch == EPOCHS)
#else
#define ORDER_BEYOND false
#endif
/* The bounds of the model, not the protocol, keep it from going on. */
#define EXHAUSTED (recEpoch == EPOCHS || ORDER_BEYOND || (st[0] == DOWN && !forGood[0]) || (st[1] == DOWN && !forGood[1]))

active proctype Faults() {
end:
    do
    :: CUT(link, "    the nodes' link is cut\n")
    :: HEAL(link, "    the nodes' link heals\n")
    :: CUT(sees[0], "    0's link to the witness is cut\n")
    :: CUT(sees[1], "    1's link to the witness is cut\n")
    :: HEAL(sees[0], "    0's link to the witness heals\n")
    :: HEAL(sees[1], "    1's link to the witness heals\n")
    :: LOSE(0)
    :: LOSE(1)
#ifndef BREAK_CLAIM_SENT_ONCE
    :: REPEAT(0)
    :: REPEAT(1)
#endif
    :: DROP(0, 1)
    :: DROP(1, 1)
#if LIVES > 1
    :: DROP(0, 2)
    :: DROP(1, 2)
#endif
#if LIVES > 2
    :: DROP(0, 3)
    :: DROP(1, 3)
#endif
    :: d_step { !settled -> printf("    no fault any more\n"); settled = true; crashes = 0; faults = 0; doubts = 0 }
    /* Nothing can happen any more. */
    :: timeout ->
        d_step {
            printf("    nothing can happen any more\n");
            yes = 0;
            if
            :: EXHAUSTED || SERVES(0) || SERVES(1) || (!MAY_SERVE(0) && !MAY_SERVE(1)) -> yes = 1
            :: else
            fi;
            assert(yes == 1 || NOBODY_SERVES);
            yes = 0;
            if
            :: EXHAUSTED || st[0] == DOWN || st[1] == DOWN || !link || !sees[0] || !sees[1] -> yes = 1
            :: else -> if :: (st[recOwner] == PROT && st[1 - recOwner] == FOLLOWING && recState == R_PROTECTED) -> yes = 1 :: else fi
            fi;
            assert(yes == 1 || NOT_RESTORED);
#ifdef ORDERS
            assert(!(OPEN(0) && sees[0] && recEpoch > epoch[0] && !NAMES_ALONE(0)) || TWO_SERVE);
            assert(!(OPEN(1) && sees[1] && recEpoch > epoch[1] && !NAMES_ALONE(1)) || TWO_SERVE);
#endif
            yes = 0
        };
        break
    od
}
#endif

init {
    d_step {
        crashes = CRASHES;
#ifdef ORDERS
        overrides = OVERRIDES; losses = LOSSES;
#ifndef BEGIN_BIRTH
        kept[0] = 1;
#ifndef BEGIN_SOLO
        kept[1] = 1;
#endif
#endif
#endif
#ifdef QUIET
        faults = FAULTS; doubts = DOUBTS;
#endif
#if defined(BEGIN_BIRTH)
        recEpoch = 1; recOwner = 0; recState = R_SOLO; virgin = true;
#elif defined(BEGIN_SOLO)
        recEpoch = 1; recOwner = 0; recState = R_SOLO; recSync[0] = 1;
        life[0] = 1; st[0] = SOLO; epoch[0] = 1; memory[0] = true;
        lastLive = 1; liveAt[1] = 1;
#else
        recEpoch = 1; recOwner = 0; recState = R_PROTECTED; recSync[0] = 1; recSync[1] = 1;
        life[0] = 1; st[0] = PROT; epoch[0] = 1; memory[0] = true; partner[0] = 1;
        life[1] = 1; st[1] = FOLLOWING; epoch[1] = 1; memory[1] = true; partner[1] = 1;
        logLife[0] = 1; logTo[0] = 1; lastLive = 1; liveAt[1] = 1;
#endif
    }
    atomic {
        run Node(0); run Node(1);
#ifdef ORDERS
        run Operator()
#endif
    }
}
