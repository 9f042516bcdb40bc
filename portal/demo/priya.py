"""One long thread, of most of a year, so that there are older pages to turn back to."""

# A message is one line, however long.

from portal.demo.times import paced

PRIYA = paced(
    """\
Miriam: Hello Priya, welcome. This is where we can write between sessions. I read it on working days.
Priya: Thank you. I’m not sure what belongs here.
Miriam: Anything that shouldn’t have to wait a week, and small things that would otherwise get lost.

Priya: Small thing, then: I made the phone call.
Miriam: That is not a small thing. How long had it been waiting?
Priya: Since March.

Miriam: I found the article we spoke about. I’ll have it on the table.
Priya: Lovely, thank you.

Priya: Running five minutes late today, the bridge is up.
Miriam: I’ll put the kettle on in the meantime.

Priya: Is it normal to be tired the day after we meet?
Miriam: Very. You carry a lot up those stairs. Plan something soft for that evening if you can.
Priya: Soft. I’ll try soft.

Priya: I tried soft. I fell asleep at eight.
Miriam: Excellent work.

Miriam: I’m away the week of the 14th. Would you like a time before or after?
Priya: Before, please, if there is one.
Miriam: I have put you down for the Thursday before, at 9.

Priya: The new team lead started. She is twenty-six.
Miriam: And how is it to be led by twenty-six?
Priya: She brings cake. I can’t find anything wrong with her yet and I have looked.

Priya: Did I leave a green scarf in your room?
Miriam: You did. It is on the hook behind the door.
Priya: Thank goodness, it’s my sister’s.

Priya: I wrote the letter. I haven’t sent it.
Miriam: Writing it was the exercise. Sending it is another question, and it has time.
Priya: It’s in the drawer with the takeaway menus.
Miriam: In good company, then.

Miriam: How was the wedding?
Priya: Loud, long, and I danced. My aunt asked the question only once.
Miriam: And what did you answer?
Priya: The sentence we practised. She said “oh”, and then she passed me the rice.

Priya: Bad night. Nothing happened, just bad.
Miriam: I’m sorry. Does today need anything from you that could be left out?
Priya: I could skip the gym.
Miriam: Skip it with a clear conscience.

Priya: Better. Thank you for yesterday.
Miriam: I’m glad.

Priya: Could we start a quarter of an hour earlier next week?
Miriam: Yes, 8:45 works.

Priya: I said no to the weekend shift.
Miriam: Just like that?
Priya: With two paragraphs of reasons first. But yes.
Miriam: Next time with one paragraph.

Miriam: The questionnaire for this quarter is in your forms. Ten minutes, no more.
Priya: Done, it took seven.

Priya: My mother wants to visit for three weeks.
Miriam: And what do you want?
Priya: One week. Ten days at the very most.
Miriam: Then we have something to talk about on Tuesday.

Priya: Ten days it is. I told her on the phone, standing up, as you said.
Miriam: Standing up helps. What did she say?
Priya: That ten days is hardly worth the flight, and that she has booked it.

Priya: Mum is here. She has reorganised the spices.
Miriam: By what principle?
Priya: Hers.

Priya: Day six. We talked about Dad. Properly.
Miriam: Oh, Priya. How are you?
Priya: Sad, but the right size of sad.
Miriam: I’ll remember that for you.

Priya: She has left. The flat is very tidy and a bit too quiet.
Miriam: Leave one thing the way she put it, if you like.
Priya: The spices. I have to admit they’re better.

Miriam: I have to move us by an hour next week, to 10. Is that possible for you?
Priya: 10 is fine.

Priya: Question: do I have to do the breathing if it makes me giggle?
Miriam: Giggling is breathing.

Priya: I’ve been offered the Leeds project. Four months.
Miriam: What was your first thought, before the sensible ones?
Priya: Yes.
Miriam: Then let the sensible ones come in second.

Priya: Would you see me by video if I took it?
Miriam: Yes, for the four months, at the same hour.

Priya: I took it.
Miriam: Congratulations. How does it feel this morning?
Priya: Like standing on the high board. In a good swimming costume.

Priya: First video today, yes? Which link?
Miriam: The one on your appointment. It opens ten minutes before.
Priya: Found it.

Priya: Sorry about the train behind me.
Miriam: I liked the train.

Priya: Leeds is wet and friendly. I have a favourite café already.
Miriam: What makes it the favourite?
Priya: They know my order and nothing else about me.

Priya: Wobbly week. I nearly didn’t write.
Miriam: I’m glad you did. Is it the old wobble or a new one?
Priya: Old one in a new city.
Miriam: Then we know its habits.

Priya: You were right about its habits. Gone by Thursday.
Miriam: You were the one who waited it out.

Miriam: A reminder that the office is closed on Monday.
Priya: Thanks, I had forgotten.
Miriam: So had I, until Jo put up the sign.

Priya: I joined a quiz team. We came last but one.
Miriam: What did you know?
Priya: Rivers. Nobody else knew any rivers.

Priya: The letter is still in the drawer at home, I thought of it today.
Miriam: With what kind of thought?
Priya: That I could write a shorter one now.

Priya: Shorter one written. Six lines.
Miriam: And the drawer?
Priya: No drawer. Posted.
Miriam: Thank you for telling me. I’m here on Tuesday, and before that if you need it.

Priya: She answered. Four lines.
Miriam: How are the four lines?
Priya: Kind. I’ve read them about forty times.

Miriam: Only two weeks of Leeds left. Shall we go back to the room after that?
Priya: Yes please. I miss the room, and the chair that squeaks.
Miriam: It has been mended, I’m sorry to say.
Priya: Unmend it.

Priya: Home. The spices are where she put them.
Miriam: Welcome back.

Priya: It’s odd to have evenings again.
Miriam: What do you do with them?
Priya: So far I mostly look at them.

Priya: I’ve been asked to lead the next project myself.
Miriam: Who asked?
Priya: The twenty-six-year-old. She says I’m the calm one.
Miriam: Are you?
Priya: On the outside, and these days about halfway in.

Miriam: Would you mind if we met in room 3 this week? Ours is being painted.
Priya: Not at all. What colour?
Miriam: White, after a long discussion.

Priya: My aunt wrote. She wants the recipe for the sentence.
Miriam: Will you give it to her?
Priya: I’m thinking of charging.

Priya: First week of leading done. I only apologised twice, and once it was deserved.
Miriam: That is a very good ratio.
Priya: I thought you’d like it.

Priya: Is 9 on Tuesday free again, my old time?
Miriam: It is yours.

Priya: I would like to talk about going to every second week. I wrote it down so that I can’t take it back.
Miriam: I’m glad you wrote it down. I think it’s a good thought, and we’ll look at it together.
Priya: You’re not offended?
Miriam: I’m the opposite of offended.

Miriam: There are two forms to sign for the new rhythm, both short.
Priya: Signed the first, the second asks for a date I don’t know.
Miriam: Take the Tuesday after next.
Priya: Done, both.
Miriam: Thank you, I have both forms. See you at 9 next Tuesday.""",
    every=4,
)
