"""The messages of people at Willow Street to each other. times.py says how a line is read."""

# A message is one line, however long.
# ruff: noqa: E501

from dataclasses import dataclass

from portal.demo.priya import PRIYA
from portal.permissions import Audience


@dataclass(frozen=True)
class Thread:
    """`between`: who takes part on the client's side, by full name; nobody named means the client.
    `unread`: how many of the last messages nobody of the staff has read; `unseen`: nobody of them.
    `taken` and `done` name who of the staff is on it, and who has finished it; `noted` are notes among them, each
    with the number of the message it stands under."""

    client: str
    audience: Audience
    said: str
    between: tuple[str, ...] = ()
    confidential: bool = False
    unread: int = 0
    unseen: int = 0
    taken: str = ""
    done: str = ""
    noted: tuple[tuple[int, str, str], ...] = ()


CLINICAL, ADMINISTRATIVE, BILLING = Audience.CLINICAL, Audience.ADMINISTRATIVE, Audience.BILLING

THREADS = (
    Thread(
        "Noa Reyes-Menon",
        CLINICAL,
        between=("Dana Reyes",),
        unread=1,
        noted=((10, "Henrik", "Room 2 has the low table for her. I moved Theo to room 3."),),
        said="""\
17d 10:12 Miriam: Hello Dana, it was good to meet you both. Noa showed me her whole rock collection, one pocket at a time. I’d like to see her weekly for now.
17d 12:40 Dana: Thank you. She asked in the car when she can come back, which I did not expect.
17d 13:05 Miriam: That is a lovely start. If she wants to bring one thing from home next time, she may.
12d 20:18 Dana: She wants to bring the guinea pig. I said probably a photo of the guinea pig.
11d 9:02 Miriam: A photo is perfect. Please tell her I would like to know its name.
8d 16:31 Dana: Bedtime went better three nights out of five. We did the thing with the list of worries on paper, and she folds it up herself.
8d 17:04 Miriam: Three out of five is a real change. Keep the folding, and let her choose where the paper sleeps.
2d 9:04 Dana: Noa had a hard night before the spelling test. Should I bring it up when we come, or wait for her to?
2d 9:20 Miriam: Thank you for telling me. I’d let her bring it. If she doesn’t, I’ll leave a door open for it.
2d 9:26 Dana: That helps. I’ll keep quiet on the way, too.
19m Miriam: One thing before you come: could you finish the sleep part of the questionnaire? It helps me plan the hour.
6m Dana: Yes, I’m on section 3 now. I’ll have it done tonight.
3m Dana: Is it all right if her brother sits in the waiting room? He finishes school at 4.
""",
    ),
    Thread(
        "Noa Reyes-Menon",
        ADMINISTRATIVE,
        between=("Dana Reyes",),
        done="Jo",
        said="""\
14d 11:20 Dana: Her school ends at 3:30 from November on. Could we keep the 4:15?
14d 11:48 Jo: We can. I have put 4:15 down for her through the winter.
6d 8:52 Dana: There was a sign about the stairs last week. Is the lift working again?
6d 9:10 Jo: It is, since yesterday. If it stops again, ring the lower bell and I come down.
6d 9:12 Dana: Perfect, thank you Jo.
""",
    ),
    Thread(
        "Eli Reyes-Menon",
        CLINICAL,
        between=("Eli Reyes-Menon", "Dana Reyes"),
        unseen=1,
        said="""\
20d 15:02 Miriam: Hello Eli, hello Dana. This thread is for the three of us: times, plans, and anything you both want me to know. Eli, you also have one that only you and I can read.
20d 15:40 Dana: Thank you, that is clear. Eli agreed to every second week, and to being on time.
20d 18:22 Eli: I agreed to every second week
19d 9:15 Miriam: I’ll take both halves and we’ll see.
9d 17:11 Dana: He has a concert on the 28th. Could that week move?
9d 17:26 Miriam: Gladly. Eli, would the day after suit you, same time?
9d 19:03 Eli: yes. you can come to the concert btw, it is free
8d 9:00 Miriam: Thank you for asking me. I stay out of the audience on principle, but I want to hear everything about it afterwards.
3d 16:45 Dana: The form for the school trip asks whether he sees someone. Do I have to answer that?
3h Miriam: You don’t have to, and nothing happens if you leave it out. Eli, if you would rather it stayed out, say so here or tell me when we meet.
""",
    ),
    Thread(
        "Eli Reyes-Menon",
        CLINICAL,
        confidential=True,
        unread=1,
        said="""\
19d 16:20 Miriam: This one is only yours and mine. Your mother can’t see it, and she knows that it exists. If I were ever worried for your safety I would tell you first what I have to do.
19d 21:37 Eli: ok. is it weird if i dont know what to write
18d 9:04 Miriam: Not at all. You can leave it empty for weeks, or send me a song.
15d 22:10 Eli: [it was a long one so i deleted it] anyway rehearsals are fine again
14d 8:50 Miriam: I’m glad about the rehearsals. If the long one comes back, it is welcome here, or on Wednesday in the chair.
10d 19:48 Eli: can i ask something. does it go in a file somewhere when i say stuff
9d 9:12 Miriam: Good question to ask. I write short notes so that I remember. You may read yours with me whenever you like.
9d 16:02 Eli: ok maybe next time
4d 20:55 Eli: told my friend about the panic thing on the bus. she was normal about it
3d 9:06 Miriam: That took courage, and it sounds as though you chose the right friend. How was it to say it out loud?
3d 17:44 Eli: less bad than keeping it
3d 17:52 Miriam: I’ll remember that sentence. Thank you for telling me.
163m Eli: Can we do the video one next week instead, I have rehearsal until 4
""",
    ),
    Thread(
        "Sam Okafor",
        CLINICAL,
        said="""\
22d 13:15 Sam: Hi Miriam, I wrote down the three mornings as you asked. Two were all right. The third I stayed in bed until the kids had gone.
22d 14:02 Miriam: Thank you for writing down the third one as well. Bring all three, please, that one most of all.
21d 8:35 Sam: Will do.
15d 20:41 Sam: Walked to work today instead of the bus. Twenty-five minutes, in the rain, and I was in a better mood than anyone there.
14d 9:18 Miriam: In the rain! Then the weather can’t be your excuse any more. Shall we call it twice a week and no more than that?
14d 12:01 Sam: Twice a week. My daughter wants to come on Fridays.
8d 12:26 Sam: It was a heavy session yesterday. I’m fine, I just wanted to say that it was worth it.
8d 15:44 Miriam: I was glad you said what you said. Be slow with yourself for a day or two, and write if it gets loud.
4d 9:30 Sam: Quieter now. I slept.
4d 11:05 Miriam: Good. I’ll see you at the usual time, and I have your pages here.
1d 16:12 Sam: I asked Jo to move me to one o’clock that day, I hope that doesn’t upset your lunch.
1d 16:40 Miriam: It suits me well. One o’clock it is, as soon as Jo confirms it.
""",
    ),
    Thread(
        "Sam Okafor",
        BILLING,
        taken="Grace",
        said="""\
18d 10:05 Sam: Hello, my plan changed on the first. Do you need the new card?
18d 10:31 Grace: Yes please, both sides. You can hand it to Jo at the desk or bring it to your next visit.
12d 9:20 Grace: Thank you, the new plan is in. September is billed to the old one and everything after it to the new.
12d 12:15 Sam: Great. Can I get a superbill for September as well?
11d 9:02 Grace: It is on its way to the insurer, and I’ll send you a copy as soon as I have their stamp.
77m Sam: Did the insurer get the superbill for September? I have until Friday to send it.
""",
    ),
    Thread(
        "Maximiliana Featherstonehaugh-Castellanos",
        ADMINISTRATIVE,
        said="""\
7d 14:20 Maximiliana: Good afternoon. My full name does not fit on your door list, I was told. Maxi is fine for calling me in.
7d 14:41 Jo: Good afternoon Maxi. It fits everywhere else, we checked. You’ll be called by the name you like.
3d 11:02 Jo: Your first visit takes 80 minutes, and there is tea. Would a Monday suit you?
207m Maximiliana: I asked for Monday at 11. My sister may bring me, is there parking?
""",
    ),
    Thread("Priya Raman", CLINICAL, said=PRIYA),
    Thread(
        "Ruth and Ben Calloway",
        CLINICAL,
        between=("Ruth and Ben Calloway", "Ben Calloway"),
        said="""\
16d 9:40 Miriam: Hello Ruth, hello Ben. Here is the exercise from yesterday: ten minutes each, one speaks, the other only listens. A kitchen timer helps.
16d 18:15 Ruth: Thank you. We have a timer shaped like a tomato, so it can’t get too serious.
10d 19:30 Ben: Honest report: we did it once and then argued about who holds the tomato.
9d 9:25 Miriam: Put it between you on the table. It belongs to the one who listens.
9d 9:50 Ruth: That is annoyingly good.
4d 13:20 Miriam: How did the second try go?
1d 19:42 Ben: We tried the listening exercise twice. It went better than we thought.
""",
    ),
    Thread(
        "Ximena Duarte",
        CLINICAL,
        said="""\
19d 9:10 Miriam: Hola Ximena, puede escribirme en español cuando quiera. Contesto un poco más despacio, pero contesto.
19d 18:44 Ximena: Qué alivio, gracias. En inglés me salen solo las cosas prácticas.
18d 9:31 Miriam: Entonces aquí, las otras.
11d 20:05 Ximena: Llamé a mi madre el domingo, como habíamos hablado. Lloramos las dos y después nos reímos.
10d 9:16 Miriam: Me alegra mucho. No hacía falta que saliera perfecto, solo que fuera suyo.
10d 12:50 Ximena: Eso me dije: que sea mío.
5d 17:58 Ximena: Esta semana salgo tarde del trabajo. ¿Podríamos empezar a las 6?
4d 9:05 Miriam: Sí, a las 6 está bien. Le aviso a Jo para que deje la puerta abierta.
1d 9:12 Miriam: Queda confirmado: a las 6, en la calle Willow.
1d 12:27 Ximena: Gracias. Nos vemos el martes a las 6.
""",
    ),
    Thread(
        "Walter Hobbs",
        BILLING,
        unread=1,
        said="""\
9d 10:30 Walter: Dear Grace, the July receipt says $140 and my bank says $120. One of them is wrong, and I would rather it were yours.
9d 11:15 Grace: Dear Walter, it was ours. The receipt should say $120 and the corrected one is in the post.
7d 15:02 Walter: Received. Very good of you.
5h Walter: Could the receipt carry my full name? The insurer is particular: Walter James Hobbs.
""",
    ),
    Thread(
        "Walter Hobbs",
        CLINICAL,
        said="""\
13d 16:05 Theo: Hello Walter, I kept thinking about your father’s workshop. If you have a photograph of it, bring it along.
12d 8:44 Walter: I have one, with both of us in it. I am the one who is not smiling.
12d 9:10 Theo: Then we know where to begin.
""",
    ),
    Thread(
        "Aiko Tanaka",
        CLINICAL,
        unread=2,
        said="""\
12d 14:10 Theo: Hi Aiko, would mornings be easier than evenings while your exams last?
12d 14:25 Aiko: Mornings please! 10 is good.
11d 8:58 Theo: 10 it is. And an hour for lunch that isn’t at the desk, as agreed.
4h Theo: I missed you at 10 today. I hope all is well. Write when you can, there’s no hurry.
50m Aiko: I am so sorry. I sat down for five minutes after the night shift and woke up at noon.
47m Aiko: Is there any time left this week?
""",
    ),
    Thread(
        "Gus Lindholm",
        CLINICAL,
        unseen=2,
        said="""\
15d 13:20 Idris: Hello Gus, thank you for coming back after the first time. I know you weren’t sure.
15d 17:09 Gus: Still not sure, but I liked that you said when you did not know something.
14d 9:40 Idris: You’ll hear that from me often. Miriam, who supervises me, hears it too.
7d 18:30 Gus: I did go to the climbing thing. Talked to two people. One of them talked mostly about ropes.
6d 9:22 Idris: Two people and a lot of rope: that is more than we had planned for.
6d 12:00 Gus: Ha. Yes.
2d 10:15 Idris: Miriam and I have moved our hour, so I can see you at 1:00 from now on if that is still better for you.
2d 10:16 Idris: No need to decide today.
""",
    ),
    Thread(
        "Marguerite Okonkwo",
        CLINICAL,
        said="""\
24d 9:35 Marguerite: Good morning Miriam. The choir has asked me back. I said I would think.
24d 10:20 Miriam: Good morning Marguerite. What did the thinking say?
24d 10:41 Marguerite: That I would have to stand next to Helen.
24d 11:02 Miriam: And what does the singing say?
23d 8:47 Marguerite: You are a nuisance, and I am going on Thursday.
18d 9:15 Marguerite: I went. I stood next to Helen. Nobody died, and the Fauré was very beautiful.
18d 12:30 Miriam: I am so glad. How were you afterwards, at home?
18d 13:04 Marguerite: Quiet in the house, but not the bad quiet.
13d 9:00 Miriam: Idris Bello joins us from next time on, as you kindly allowed. He will mostly listen.
13d 9:28 Marguerite: He may speak as well. Somebody has to take my side.
13d 9:50 Idris: Thank you, Mrs Okonkwo. I’ll do my best to be fair to both of you.
12d 14:11 Marguerite: Fair! That is not what I ordered.
6d 10:05 Marguerite: It is his birthday on Sunday, the first one. I don’t know yet whether to bake.
6d 10:52 Miriam: You needn’t know before Sunday. If you bake, who would eat it with you?
6d 11:20 Marguerite: My sister. And the neighbours’ boy, who eats everything.
5d 9:08 Miriam: That sounds like a table he would have liked.
1d 9:14 Marguerite: I baked. It sank in the middle and we ate all of it.
1d 10:03 Miriam: Thank you for telling me. I’ll see you at two, with room for the whole story.
1d 10:20 Marguerite: You shall have it.
""",
    ),
    Thread(
        "Tomás Ibarra",
        CLINICAL,
        said="""\
16d 11:40 Tomás: Theo, the picture froze twice yesterday. It’s my kitchen, not you.
16d 12:15 Theo: Then we’ll try the other room next time. I’d rather see half of you clearly than all of you in squares.
9d 16:20 Tomás: Other room, door closed, dog outside. The dog objects.
9d 16:31 Theo: Please apologise to the dog for me.
2d 8:50 Tomás: I told my brother no. First time in forty years, I think. He was fine.
2d 9:35 Theo: First time in forty years! I want to hear how you said it. Same link as always.
""",
    ),
    Thread(
        "Tomás Ibarra",
        ADMINISTRATIVE,
        said="""\
11d 9:45 Tomás: I’m away for work the second week of next month. Can I skip it without the fee?
11d 10:02 Jo: Of course, anything said a day ahead is free. I have taken you out of that week.
11d 10:04 Tomás: Thanks Jo.
""",
    ),
    Thread(
        "Leila Haddad",
        ADMINISTRATIVE,
        unread=1,
        said="""\
35m Leila: Hello, is it possible to switch to Mill Lane from January? It is two stops from my new flat.
""",
    ),
    Thread(
        "Kwame Boateng",
        CLINICAL,
        unseen=1,
        said="""\
14d 20:20 Kwame: Had the talk with my manager. Asked for the four days. She said she would think about it, and she said it kindly.
13d 9:05 Theo: You asked, out loud, for what you wanted. Whatever she answers, that part is done.
6d 12:10 Kwame: She said yes. From next month.
6d 12:34 Theo: Kwame! I’m delighted. What will the fifth day be for?
6d 19:55 Kwame: Nothing at all. I want to see what that is like.
2h Theo: I have thought about your empty day more than once this week. Keep it empty for a while.
""",
    ),
    Thread(
        "Imani Brooks",
        BILLING,
        said="""\
8d 13:05 Imani: Hi, can I pay the two sessions together at the end of the month?
8d 13:40 Grace: Hi Imani, yes. Both will be on one statement, and nothing is due before the 30th.
8d 13:42 Imani: Thank you!
""",
    ),
    Thread(
        "Freya Halvorsen",
        CLINICAL,
        said="""\
10d 9:50 Miriam: Hello Freya, a small reminder of what you wanted to be reminded of: one evening this week without the laptop.
10d 21:15 Freya: Done, and I am writing this on my phone, which I realise is cheating.
9d 9:02 Miriam: It counts. The phone can have its own evening.
3d 18:40 Freya: We said I would write if I cancelled the trip. I did not cancel. We leave on Saturday.
2d 9:11 Miriam: I’m very happy to read that. Send no postcards, just be there.
""",
    ),
    Thread(
        "Freya Halvorsen",
        ADMINISTRATIVE,
        said="""\
3d 18:44 Freya: I’m away next week and back the week after, same time please.
2d 8:40 Jo: Noted, you are in again the week after. Have a good trip.
""",
    ),
    Thread(
        "Dmitri Sokolov",
        CLINICAL,
        said="""\
44d 14:05 Miriam: Dmitri, it was a good last hour. Thank you for the book. The door stays open, and you know the number.
44d 18:32 Dmitri: Thank you for these two years. I leave lighter than I came.
43d 9:01 Miriam: That is the best thing one can hear. All good wishes.
""",
    ),
)

# Texts that are written often: whose own (none: the practice's), what they are called, what they say.
TEMPLATES = (
    (
        "",
        "Cancelled on the day",
        "Hello {name},\n\nThank you for telling us. {client}’s hour today is cancelled; as it is less than a day away, "
        "the usual fee applies. Write back if you would like another time this week.\n\n{me}, {practice}",
    ),
    (
        "",
        "Where to find us",
        "Hello {name},\n\nRing at the second door and wait on the left. The lift is to the right.\n\n{practice}",
    ),
    (
        "Miriam",
        "Practice between hours",
        "Hello {name},\n\nThis week it is enough if {client} tries it once a day. Tell me on our day how it went.\n\n{me}",
    ),
)
