"""Frames that every emotion uses, and what is written for comments with two labels.

In a frame `{E}` stands for an event (`{e}` where it does not open a sentence), `{F}` for a feeling, `{S}` for a state.
No frame says anything about the emotion, and no frame is used in two splits.
"""

FRAMES = {
    "train": """
        {E}. {F}.
        So {e}. {F}.
        Okay, so {e}. {F}.
        Well, {e}. {F}.
        Reading this on my lunch break. {E}. {F}.
        {E}. That's the whole story. {F}.
        Late to this thread, but {e}. {F}.
        Short version: {e}. {F}.
        Not much to add here. {E}. {F}.
        Edit: {e}. {F}.
        I keep coming back to one thing: {e}. {F}.
        {E}, just so you know. {F}.
        Long story short, {e}. {F}.
        {F}. {E}.
        {F}. In case you missed it, {e}.
        {F}. The short of it is that {e}.
        {F}. I say that because {e}.
        {F}. Here is why: {e}.
        Honestly? {F}. {E}.
        {F}. Some context: {e}.
        Some background first: {e}.
        I don't post much, but {e}.
        Just to put it out there, {e}.
        {E}, and that is all I have to say about it.
        Since people keep asking: {e}.
        Typing this on my phone: {e}.
        I'm {S} today, because {e}.
        {E}, so yes, I'm {S}.
        I'm {S} right now. {E}.
        Not going to lie, I'm {S}. {E}.
        {E}. My sister asked, and I told her that I'm {S}.
        Read the whole thread twice now. {F}.
        Saw the title and clicked straight away. {F}.
        Came here from the front page. {F}.
        Never posted here before. {F}.
    """,
    "dev": """
        {E}... {F}.
        Alright, {e}. {F}.
        Sitting on the bus with this open. {E}. {F}.
        To sum up, {e}. {F}.
        As the title says, {e}. {F}.
        Here's the thing, {e}. {F}.
        {F}. You see, {e}.
        {F}. The reason: {e}.
        All I can say: {f}. {E}.
        {F}. Quick background, {e}.
        For those who just joined: {e}.
        A small note from my side: {e}.
        What you should know: {e}.
        I'm {S}, since {e}.
        Fair to say I'm {S}. {E}.
        {E}. Call it what you like, I'm {S}.
        Opened this post on a whim. {F}.
        Scrolled past, then scrolled back. {F}.
    """,
    "test": """
        {E} (true story). {F}.
        Right, {e}. {F}.
        On a break at work. {E}. {F}.
        In plain words, {e}. {F}.
        Let me say it like this: {e}. {F}.
        Posting before I go to bed: {e}. {F}.
        {F}. As in, {e}.
        {F}. You know, {e}.
        {F}. I mean, {e}.
        {F}. The story in one line: {e}.
        A quick word from me: {e}.
        For everyone who wrote to me: {e}.
        Adding this for the record, {e}.
        At this point I'm {S}. {E}.
        I'm {S}, seeing that {e}.
        {E}. As you can tell, I'm {S}.
        Followed a link to get here. {F}.
        Been reading the replies for a while. {F}.
    """,
}

# Comments and feelings that carry both emotions of a pair; each emotion is in two pairs, so none gets more rows than
# another. A pair without events of its own uses those of its first emotion.
PAIRS = {
    ("admiration", "approval"): {
        "train": {
            "comments": """
                Great speech, and I agree with every word of it. What a talented young man.
                She puts her own money into the team, exactly what an owner should do. So much respect.
                Brilliant idea, and the right one. Hats off to the nurse who came up with it.
                He turned down the bribe. Good call, and a truly honorable man.
            """,
            "events": """
                the nurse told the minister the plain truth on live TV
                our coach makes every kid play and still wins
                she turned down the big prize to stay with her pupils
                the young mayor rides the bus like everyone else
                this chef teaches the recipes to anyone who asks
                the old judge wrote a ruling that a child can read
            """,
            "feelings": """
                what a great thing to do, I'm all for it
                amazing, and I agree that more people should do it
                impressive work, and exactly the right way to do it
                so much respect, it gets my full support
            """,
        },
        "dev": {
            "comments": """
                An amazing teacher, and she is right that kids need more art.
            """,
            "events": """
                the captain gave the cup to the losing side first
                he spends his lottery money on the local clinic
            """,
            "feelings": """
                that is beautiful and it's the right thing too
                I respect that and fully agree with it
            """,
        },
        "test": {
            "comments": """
                Superb answer, I agree completely. You have a real gift for this.
            """,
            "events": """
                a baker in town pays the school fees of his staff
                the star of the team cleans the locker room himself
            """,
            "feelings": """
                a wonderful example, I approve of all of it
                great work, and a good decision as well
            """,
        },
    },
    ("pride", "admiration"): {
        "train": {
            "comments": """
                My sister made that dress by hand. She is so talented, and I'm proud to be her brother.
                So proud of my grandpa, eighty two and still the best baker in town.
                That's my wife on the drums! Incredible player, and I'll tell everyone I meet.
                Proud dad here, my girl is an amazing goalkeeper.
            """,
            "events": """
                my aunt sailed around the cape on her own
                our daughter carved a whole chess set from one log
                my father plays the violin with three fingers
                my kids wrote and shot a film in one week
                my cousin fixed the town clock that nobody could fix
                our small choir sang that hard piece by heart
            """,
            "feelings": """
                so proud, what an amazing effort
                I'm proud and honestly in awe
                proud does not cover it, this is incredible
                what a talent, my heart swells with pride
            """,
        },
        "dev": {
            "comments": """
                My students blew me away with that show. Such gifted kids, I'm bursting with pride.
            """,
            "events": """
                my grandmother lifts more than the boys at her gym
                my son drew the whole city from memory
            """,
            "feelings": """
                I'm so proud of such an impressive result
                what an achievement, I'm beaming
            """,
        },
        "test": {
            "comments": """
                That's my little brother up there, what a voice! Proudest day ever.
            """,
            "events": """
                our girls beat a team of grown men at chess
                my wife wrote the song that the stadium sings
            """,
            "feelings": """
                brilliant, and I get to say I'm proud of it
                an amazing thing, and I'm proud of every bit
            """,
        },
    },
    ("pride", "gratitude"): {
        "train": {
            "comments": """
                I finally have my degree. Proud of myself and thankful to my mom, who never let me quit.
                We won the cup! So proud of this team, thank you all for coming out in the rain.
                One year sober today. I did the work, but thanks to everyone here for the help.
                My first book is out. I'm proud of it, and I thank my old teacher on page one.
            """,
            "events": """
                I opened my own bakery this morning
                our team of volunteers rebuilt the whole playground
                my son walked to get his diploma on his new leg
                I sold my hundredth painting at the fair
                my band played the town hall to a full house
                I crossed the finish line after a year of training
            """,
            "feelings": """
                so proud, and thank you to everyone who helped
                I'm proud and grateful in equal parts
                we worked hard for it, thanks for all the support
                I couldn't have done it alone, thank you, and yes, I'm proud
            """,
        },
        "dev": {
            "comments": """
                My shop turns ten today. So proud of it, and so grateful to everyone who ever bought a thing.
            """,
            "events": """
                our school garden won the state prize
                I passed the nursing exam at forty
            """,
            "feelings": """
                proud of it, and thankful to all who believed in us
                thanks for cheering, I've never felt prouder
            """,
        },
        "test": {
            "comments": """
                I ran it in under four hours! Proud of my legs, and thank you to the lady with the oranges.
            """,
            "events": """
                my little shop turned five today
                our rescue team found its hundredth dog
            """,
            "feelings": """
                a proud day, and I'm so thankful for the people around me
                I am proud, and I want to thank you all
            """,
        },
    },
    ("embarrassment", "amusement"): {
        "train": {
            "comments": """
                I said "love you, bye" to the plumber lol. So embarrassing.
                Haha I walked into a glass door on a date, then said sorry to the door. My face was so red.
                I'm laughing about it now, but I wore a bathrobe to a video call with my boss. Mortifying.
                My stomach growled the tune of the anthem. I blushed, then the whole room cracked up, me too.
            """,
            "feelings": """
                so embarrassing, but I'm laughing now
                I'm bright red and crying with laughter lol
                haha, please forget you saw that, I'm mortified
                it's funny now, but my face was on fire
            """,
        },
        "dev": {
            "comments": """
                I held a stranger's hand in the store for a minute lol, I was mortified and so was he.
            """,
            "feelings": """
                I still cringe and giggle about it
                lol, I wanted to hide
            """,
        },
        "test": {
            "comments": """
                Lmao I fell into the pool with the cake. Cringe, but funny.
            """,
            "feelings": """
                embarrassing, yes, and still hilarious
                I went red, and then I cracked up with everyone
            """,
        },
    },
    ("amusement", "joy"): {
        "train": {
            "comments": """
                Haha my baby laughs every time the dog sneezes, I have never been so happy.
                We laughed all the way home with our heads out of the window. What a happy night lol.
                This made my day, the duck parade is both hilarious and pure joy.
                Lol dad dancing with the broom again, happiest kitchen on the street.
            """,
            "feelings": """
                I laughed so much, what a happy day
                lol, that cheered me up completely
                haha, I'm smiling from ear to ear
                so funny, it made my whole day
            """,
        },
        "dev": {
            "comments": """
                I giggled all morning, the kids put a hat on the snowman and on grandpa. What a happy day.
            """,
            "feelings": """
                I'm laughing and happy as a child
                haha, what a joy
            """,
        },
        "test": {
            "comments": """
                Haha, the whole family in silly wigs for the photo. So funny and so happy.
            """,
            "feelings": """
                it made me laugh and it made me so happy
                lol, pure happiness
            """,
        },
    },
    ("joy", "excitement"): {
        "train": {
            "comments": """
                I'm so happy and I can't wait, our baby is coming home tomorrow!
                We got the house! I'm dancing on the lawn, let's go!
                Best news ever, she said yes and the party starts tonight! Woohoo!
                Yay, I passed, and on Monday the adventure starts! So happy, so hyped!
            """,
            "events": """
                we got the house and we move in on Friday
                my sister is having twins in June
                I was accepted and I fly out next week
                the whole family lands here tomorrow for the feast
                he asked me to marry him and we set the date
                my book found a home and comes out this fall
            """,
            "feelings": """
                I'm so happy and so excited!
                I'm smiling and jumping at the same time!
                yay, let's celebrate, I can't wait!
                I'm over the moon, woohoo!
            """,
        },
        "dev": {
            "comments": """
                My best friend is moving in next door! I'm overjoyed and bouncing off the walls!
            """,
            "events": """
                my brother is coming home and brings his new bride
                we won the semifinal and the cup is on Sunday
            """,
            "feelings": """
                happy, hyped, all of it at once!
                I'm overjoyed, and I can't sit still!
            """,
        },
        "test": {
            "comments": """
                Hooray, first day of the holidays! So much happiness, I can hardly stand still!
            """,
            "events": """
                the doctor says it's a girl, and she is due any day
                the last exam is done and our long trip starts tonight
            """,
            "feelings": """
                so much joy, I'm bouncing!
                what a thrill, I'm so happy!
            """,
        },
    },
    ("excitement", "desire"): {
        "train": {
            "comments": """
                It's out tomorrow! I need it, I want it, I can't wait!
                They're opening a ramen place on my street! So excited, I'm craving it already.
                I want a ticket so badly, this tour is going to be insane!
                The new bike is finally here! I must have one, let's go!
            """,
            "events": """
                the store gets ten of the new boards on Friday
                my favorite band sells tickets from noon
                the noodle place on our street opens tonight
                they bring out the old console again this winter
                the first flights to the islands go on sale tomorrow
                the new coaster opens and they take a hundred test riders
            """,
            "feelings": """
                I can't wait, I want it so badly!
                so excited, I need it now!
                hyped, and I wish it were today!
                I've dreamed of this for so long, let's go!
            """,
        },
        "dev": {
            "comments": """
                The preorder opens at noon! I'm so hyped, I want the red one so much.
            """,
            "events": """
                the comic comes back as a boxed set in June
                they raffle off a week on the big ship tonight
            """,
            "feelings": """
                I'm so pumped, I want it to start right now!
                I've been longing for this, woohoo!
            """,
        },
        "test": {
            "comments": """
                The new park looks epic! I wish I could go right now, I'm so pumped!
            """,
            "events": """
                the red sneakers drop at midnight
                a real ice rink opens downtown this weekend
            """,
            "feelings": """
                so hyped, I'd give anything to have it tonight!
                I want it all, and I can hardly wait!
            """,
        },
    },
    ("desire", "curiosity"): {
        "train": {
            "comments": """
                I want one of those clocks. Does anyone know where they are made?
                I wish I could live there! What is it like in the winter?
                I'd love to try that cake. What's in the green layer?
                I need that coat. Who made it, and do they still sell it?
            """,
            "events": """
                that shop sells clocks made from old bikes
                there is a house on wheels for rent by the sea
                the lady at the market makes cheese with flowers in it
                he has a desk that folds into a bed
                they drink some kind of purple tea over there
                she knits socks that never slip
            """,
            "feelings": """
                I want one so badly, does anyone know the price?
                I wish I had that, what is it like?
                I'd love to try it, how does it work?
                I want to go, can anyone tell me more?
            """,
        },
        "dev": {
            "comments": """
                I want to learn that trick so badly, how long until you got it right?
            """,
            "events": """
                my friend has a lamp that smells like rain
                a man in the village builds guitars out of doors
            """,
            "feelings": """
                I need it, where did they get it from?
                I'd love that, I wonder what it costs
            """,
        },
        "test": {
            "comments": """
                Oh I'd love a boat like that. How much does one cost?
            """,
            "events": """
                the bakery has a bread with a whole pear inside
                somebody here owns a tiny planetarium
            """,
            "feelings": """
                I want the same, who could tell me more about it?
                I wish it were mine, how did they come by it?
            """,
        },
    },
    ("confusion", "curiosity"): {
        "train": {
            "comments": """
                I don't get how the trick works, can someone show it slowly? I'd love to know.
                Huh, why is there a door on the roof? Now I'm curious.
                Wait, what is this thing? I'm puzzled and very interested.
                This chart confuses me, what does the dotted line stand for?
            """,
            "feelings": """
                I don't get it, and now I'm curious, who knows more?
                huh, does anyone know why?
                I'm confused, can someone tell me the story behind it?
                it makes no sense, I wonder what is behind it
            """,
        },
        "dev": {
            "comments": """
                I'm lost but intrigued, who is the man with the umbrella?
            """,
            "feelings": """
                I'm puzzled, what could be the reason?
                I don't understand, and I'd love to know
            """,
        },
        "test": {
            "comments": """
                What? How can ice burn? I don't understand it, and I want to.
            """,
            "feelings": """
                what does that mean? I'm curious and lost
                baffled, but I want to know more
            """,
        },
    },
    ("surprise", "confusion"): {
        "train": {
            "comments": """
                Wait, what?! He was the baker the entire time? I don't get it.
                No way, it moved by itself! How? I'm so confused.
                Wow, I did not expect a horse in this film, and I don't understand why it's there.
                I opened the box and it was full of keys. What on earth is going on?
            """,
            "events": """
                my own name was on the list of the missing
                the river ran uphill for an hour today
                the dog came home with a different collar and a coin
                the stranger at the bar knew my whole school history
                the house across the road was red this morning and it's blue now
                a letter that I posted in March came to me from Peru
            """,
            "feelings": """
                wow, I don't understand at all
                what? How? I can't believe it
                I'm shocked and confused
                no way, how does that even happen?
            """,
        },
        "dev": {
            "comments": """
                Whoa, she just vanished. I'm stunned, and I have no clue how she did it.
            """,
            "events": """
                the radio sang in my late uncle's voice
                a second moon showed up in all of my pictures
            """,
            "feelings": """
                I'm stunned, what just happened?
                whoa, I have no clue how
            """,
        },
        "test": {
            "comments": """
                Holy cow, the bill was zero? I didn't expect that and I can't make sense of it.
            """,
            "events": """
                the elevator took me to a floor that we don't have
                my twin brother says that he has never seen me before
            """,
            "feelings": """
                I never expected it and I can't explain it
                speechless, and totally lost
            """,
        },
    },
    ("realization", "surprise"): {
        "train": {
            "comments": """
                Wow, I just realized that the cat has been deaf all along!
                No way, so the old song is about our town! I never knew.
                I can't believe that I only now see it, there is a face in the clouds!
                It just hit me that we are the same age. I'm stunned!
            """,
            "feelings": """
                wow, I just realized it
                I can't believe I never noticed
                it just hit me, and I'm stunned
                no way, now it all makes sense
            """,
        },
        "dev": {
            "comments": """
                Whoa, it finally clicked: the twins swapped in the first scene!
            """,
            "feelings": """
                whoa, it finally clicked
                I had no idea, and now I see it
            """,
        },
        "test": {
            "comments": """
                Turns out my grandmother wrote that poem. I'm shocked, I had no idea!
            """,
            "feelings": """
                I'm shocked that I only understand it now
                so that's it, wow, I never would have guessed
            """,
        },
    },
    ("realization", "embarrassment"): {
        "train": {
            "comments": """
                I just realized that my mic was on. Oh no, oh no. My face is burning.
                It dawned on me that I've been calling him Steve for a year. His name is Carl. So embarrassed.
                Turns out the free samples were other people's plates. I'm mortified.
                I finally noticed why they were all staring, my shirt was inside out. I could have died.
            """,
            "events": """
                my camera had been on for the whole meeting
                the woman I kept waving at was a poster
                I have been saying his name wrong for years
                everyone could hear my singing through the wall
                the birthday party was last Saturday
                my shirt had been inside out since the morning
            """,
            "feelings": """
                I just realized it, and I'm so embarrassed
                it finally hit me, my face is red
                now I get it, and I cringe
                oh no, I see it now, how awkward
            """,
        },
        "dev": {
            "comments": """
                So it's pronounced like that. I see it now, and I cringe at every meeting I've ever had.
            """,
            "events": """
                the joke I told was about his own wife
                my neighbor can see straight into my bathroom
            """,
            "feelings": """
                it dawned on me and I blushed
                I only now noticed, I'm mortified
            """,
        },
        "test": {
            "comments": """
                I've just understood what the thumbs up sign means to my kids. How embarrassing.
            """,
            "events": """
                the free buffet was somebody's wedding
                I had been wearing two left shoes at work
            """,
            "feelings": """
                I understand it now, and I want to hide
                so that's what it was, I feel like such a fool
            """,
        },
    },
    ("relief", "gratitude"): {
        "train": {
            "comments": """
                They found my daughter. Thank you to every single person who searched, we can finally breathe.
                Phew, it works again! Thanks so much for the help.
                The surgery is over and he's fine. I'm so relieved and so grateful to the whole team.
                My wallet is back with everything inside. What a relief, thank you, kind stranger!
            """,
            "events": """
                the search team brought my son home before dark
                a stranger pulled our car out of the river
                the vet saved our old cat
                my sister found the lost passport in time
                the firemen got every horse out of the barn
                someone here told me how to get my files back
            """,
            "feelings": """
                what a relief, thank you to everyone who helped
                phew, thanks so much
                I'm so relieved and so grateful
                thank goodness, and thanks to all of you
            """,
        },
        "dev": {
            "comments": """
                The fever is gone at last. Thank you, doctor, we all slept through the night.
            """,
            "events": """
                the midwife got both of them through the night
                a passer-by put out the fire in our kitchen
            """,
            "feelings": """
                I can breathe again, thank you all
                relieved, and thankful for every bit of help
            """,
        },
        "test": {
            "comments": """
                Thanks to the man who pulled me out of the water. I'm safe, I'm home, and I'm grateful.
            """,
            "events": """
                the coast guard found my brother's boat
                the pharmacist spotted the wrong pill in time
            """,
            "feelings": """
                such a weight off my mind, many thanks
                I'm safe and thankful, phew
            """,
        },
    },
    ("relief", "fear"): {
        "train": {
            "comments": """
                I was so scared, I thought I'd lost her in the crowd. Found her by the ducks, thank goodness.
                The brakes came back just in time. I'm still shaking, but phew.
                Terrifying night, the fire came so close. It's out now and I can finally breathe.
                I was sure I was dying. It was only a panic attack, what a relief.
            """,
            "events": """
                the steps in the dark were only my brother coming home
                the bear sniffed at our tent and went away
                the plane shook for an hour and then it landed
                my girl was lost in the crowd and now she is back
                the mole on my neck turned out to be nothing
                the boat nearly sank, but we made it to the shore
            """,
            "feelings": """
                I was terrified, thank goodness it's over
                I was so scared, what a relief
                phew, I feared the worst
                my hands still shake, but I can breathe again
            """,
        },
        "dev": {
            "comments": """
                I heard steps and froze with fear. It was just my brother, phew.
            """,
            "events": """
                the truck missed our car by an inch
                the shot we heard was just a tire
            """,
            "feelings": """
                I had been frightened for days, now I can rest
                phew, that was a real scare
            """,
        },
        "test": {
            "comments": """
                We were terrified the whole flight, and then the wheels touched down. Thank God.
            """,
            "events": """
                the snake in my bed was made of rubber
                the fire came up to the fence and then the wind turned
            """,
            "feelings": """
                I was scared to death, thank God
                the fear is finally gone, what a relief
            """,
        },
    },
    ("fear", "nervousness"): {
        "train": {
            "comments": """
                I'm scared of the surgery and I can't stop pacing, it's at nine.
                Somebody is out there. I'm terrified, my hands are sweating on the phone.
                The dentist's drill scares me so much, I feel sick with nerves just sitting here.
                I have to fly tomorrow. I'm afraid of heights and anxious about everything.
            """,
            "events": """
                I have the operation at nine tomorrow
                somebody has called and hung up six times tonight
                I have to cross that high bridge again this evening
                the police want to know if I saw his face
                the storm will hit our coast in an hour
                I must walk past his house to get home
            """,
            "feelings": """
                I'm scared and my stomach is in knots
                I'm terrified and I can't stop pacing
                I'm afraid, and every noise makes me jump
                so scared, my hands are sweating
            """,
        },
        "dev": {
            "comments": """
                I dread the dark road home, my stomach is all knots already.
            """,
            "events": """
                the dentist is going to pull four teeth
                they are sending my unit out tomorrow
            """,
            "feelings": """
                I'm frightened and so nervous
                I dread what comes next, my legs won't keep still
            """,
        },
        "test": {
            "comments": """
                They want me to hold the snake. I'm terrified of snakes and so nervous.
            """,
            "events": """
                I have to hold a live spider for the class
                the test for the bad gene comes back today
            """,
            "feelings": """
                scared and tense, that's me
                my nerves are gone, I'm so afraid
            """,
        },
    },
    ("nervousness", "optimism"): {
        "train": {
            "comments": """
                Nervous about the new school, but I think she will make friends fast.
                My interview is at ten. Hands sweating, but I have a good feeling.
                I'm anxious about the move, and still I believe it's going to be good for us.
                Waiting on the results. Worried, but hopeful.
            """,
            "feelings": """
                I'm nervous but hopeful
                my hands are sweating, but I believe it will go well
                fingers crossed, I'm anxious but I have a good feeling
                worried, yes, but I hope for the best
            """,
        },
        "dev": {
            "comments": """
                So nervous for tomorrow, but fingers crossed that it goes well.
            """,
            "feelings": """
                so nervous, but I think it will be fine
                I'm tense, and I'm still hopeful
            """,
        },
        "test": {
            "comments": """
                The vote makes me jumpy, but I'm hopeful that we can win.
            """,
            "feelings": """
                anxious, but I like my chances
                nerves aside, I'm sure it will go okay
            """,
        },
    },
    ("approval", "optimism"): {
        "train": {
            "comments": """
                I agree, give the new coach time. I think next year will be great.
                Good decision. With the new rules, things will get better fast.
                This is the right step, and I hope that other towns follow.
                Yes, plant them now. In ten years this street will look wonderful.
            """,
            "events": """
                they put a young engineer in charge of the harbor
                the school finally hired a second nurse
                the village voted for its own wind farm
                the two clubs agreed to share one field
                you cut up the credit card and made a budget
                the council opened the books to everybody
            """,
            "feelings": """
                good call, things are looking up
                I agree, and I have a good feeling about it
                it's the right step, I hope it works out
                I support it, better days are coming
            """,
        },
        "dev": {
            "comments": """
                I support the plan, and I'm hopeful that it will bring the river back.
            """,
            "events": """
                the hospital now trains its own doctors
                you went back to finish the course
            """,
            "feelings": """
                the right decision, and there is hope in it
                I agree with it and I'm hopeful
            """,
        },
        "test": {
            "comments": """
                Right call by the board, the future of the club looks bright.
            """,
            "events": """
                the company gave the workers a seat on the board
                they stopped fishing in the bay for two years
            """,
            "feelings": """
                sensible, and I believe it will pay off
                I approve, the future looks good
            """,
        },
    },
    ("love", "caring"): {
        "train": {
            "comments": """
                I love you, please drive carefully in the snow.
                My wife is sick, so I made her soup and I'll sit with her all night. I adore that woman.
                Sweet little pup, I love him, keep him warm and give him a kiss from me.
                You're my best friend and I love you, so please, get some rest.
            """,
            "events": """
                my husband caught a bad cold and still smiles at me
                your twins sleep in one bed, hand in hand
                my old cat needs her pills with a bit of tuna
                my grandma gets dizzy and leans on my arm
                you two have a tiny baby and a cold house
                my boy woke up with a bad dream and crawled in with us
            """,
            "feelings": """
                I love that, take good care of each other
                so much love, please look after one another
                I adore it, be kind to each other always
                my heart melts, hold on tight and stay safe
            """,
        },
        "dev": {
            "comments": """
                I love my grandpa to bits, so I call every night to see that he has eaten.
            """,
            "events": """
                your old dog waits for you with his sore paws
                my wife works nights and comes home frozen
            """,
            "feelings": """
                I love this, please take care of what you have
                so sweet, hugs to you both
            """,
        },
        "test": {
            "comments": """
                I adore my little sister, and I'd do anything to keep her safe.
            """,
            "events": """
                my little one has a fever and holds my thumb
                your parents still walk arm in arm on the ice
            """,
            "feelings": """
                what love, look after it well
                I love it so much, sending hugs
            """,
        },
    },
    ("caring", "sadness"): {
        "train": {
            "comments": """
                This breaks my heart. Please let someone hold you tonight, you're not alone.
                Poor girl, I cried when I read it. I hope somebody takes care of her.
                It makes me so sad to hear that. Sending you a big hug, friend.
                My heart aches for you. Eat something, call someone, stay with us.
            """,
            "feelings": """
                it breaks my heart, please take care of yourself
                that makes me so sad, sending hugs
                I cried, please let someone help you
                my heart aches for you, I'm here
            """,
        },
        "dev": {
            "comments": """
                I teared up. Please be gentle with yourself, we are here for you.
            """,
            "feelings": """
                I have tears in my eyes, please rest a while
                so sad to read, hugs from me
            """,
        },
        "test": {
            "comments": """
                That's heartbreaking. Is somebody with you? I can come over with dinner.
            """,
            "feelings": """
                that hurts to hear, please lean on us
                I'm sad for you and here for you
            """,
        },
    },
    ("grief", "love"): {
        "train": {
            "comments": """
                Rest in peace, grandma. I love you and I always will.
                He died on our anniversary. I loved him for forty years and I still do.
                My sweet old dog is gone. She was the love of my life and I miss her.
                I miss you every day, dad. Love you forever.
            """,
            "feelings": """
                rest in peace, I love you
                I miss you and I will love you forever
                so much love, and nowhere to put it now
                goodbye, you were so loved
            """,
        },
        "dev": {
            "comments": """
                We buried my wife today. She was my one true love.
            """,
            "feelings": """
                there was so much love, and now this loss
                I will always love and always miss you
            """,
        },
        "test": {
            "comments": """
                RIP little one, I loved every day that I had with you.
            """,
            "feelings": """
                all that grief is just love with no place to go
                rest easy, you were my whole world
            """,
        },
    },
    ("grief", "remorse"): {
        "train": {
            "comments": """
                My dad died before I could say sorry. I regret every day I didn't call.
                I should have taken her to the vet sooner. She's gone, and I can't forgive myself.
                My brother passed away and the last thing I did was shout at him. I'm so sorry.
                I skipped her last birthday. Now I bring flowers to the grave and feel so guilty.
            """,
            "feelings": """
                rest in peace, I regret not being there more
                I'm so sorry I wasn't there, rest in peace
                I never said sorry, and now it's too late
                the guilt makes the loss even heavier
            """,
        },
        "dev": {
            "comments": """
                He's gone, and I never answered his letter. I miss him and I am so ashamed.
            """,
            "feelings": """
                why did I stay away? All I do is weep
                I regret the lost years, goodbye
            """,
        },
        "test": {
            "comments": """
                I was driving when my friend died. Rest in peace, I'm sorry, I'm so sorry.
            """,
            "feelings": """
                I mourn, and I blame myself
                rest in peace, and forgive me
            """,
        },
    },
    ("remorse", "disappointment"): {
        "train": {
            "comments": """
                I let my team down. I'm sorry, I expected more from myself.
                I quit too early and I regret it, such a waste of a good chance.
                I promised my kids a trip and couldn't pay for it. I'm so sorry, I hate to let them down.
                It was my mistake that cost us the final. Sorry, everyone, I had hoped for so much more.
            """,
            "feelings": """
                I'm sorry, I really expected better of myself
                my own fault, what a letdown I am
                I regret it and I'm disappointed in myself
                I let everyone down and I feel so guilty
            """,
        },
        "dev": {
            "comments": """
                I failed the exam because I didn't study. My own fault, and such a letdown.
            """,
            "feelings": """
                I apologize, I had hoped to be better than that
                I'm ashamed and let down by my own actions
            """,
        },
        "test": {
            "comments": """
                I gave up music and I'm sorry that I did, I had the makings of something better.
            """,
            "feelings": """
                I'm sorry, that fell far short of what I hoped to be
                guilty, and disappointed in the person I was
            """,
        },
    },
    ("disappointment", "sadness"): {
        "train": {
            "comments": """
                They gave the part to someone else. I had hoped so much, and now I just want to cry.
                Nobody came to my show. I expected a few friends at least, and it hurts.
                He forgot my birthday again. I'm let down, and I cried a little.
                We lost the final in the last second and I sobbed in the locker room. So disappointed.
            """,
            "events": """
                my sister said she would come and then stayed home
                the girl I wrote to for a year never showed up
                they picked every kid in class except my son
                the house we dreamed of went to someone else
                my father left my first concert at the break
                the adoption fell through at the last step
            """,
            "feelings": """
                I'm disappointed and I want to cry
                I had high hopes, and now I'm just sad
                what a letdown, it really hurts
                I expected more, and it made me cry
            """,
        },
        "dev": {
            "comments": """
                I waited all day and she never came. I feel let down and lonely.
            """,
            "events": """
                I cooked for ten and one guest came
                my old friend walked by as if he had never met me
            """,
            "feelings": """
                I feel let down and so sad
                such a pity, I went home and cried
            """,
        },
        "test": {
            "comments": """
                My story was rejected for the tenth time. It hurts, I had such hopes.
            """,
            "events": """
                my own kids forgot my seventieth birthday
                the choir sent me home after nine years
            """,
            "feelings": """
                my hopes are gone and my heart is heavy
                disappointed, and close to tears
            """,
        },
    },
    ("annoyance", "anger"): {
        "train": {
            "comments": """
                Ugh, they towed my car again! I'm so angry, it's the third time this month!
                Stop calling me about my warranty, damn it! I've told you a hundred times!
                I'm so mad, the neighbor threw his trash over my fence again. Every week!
                Shut that dog up! It's been barking for six hours and I'm furious.
            """,
            "feelings": """
                ugh, I'm so angry
                I'm mad and I'm sick of it
                damn it, I've had enough
                it annoys me and it makes my blood boil
            """,
        },
        "dev": {
            "comments": """
                Damn printer! I'm fed up and I'm mad enough to throw it out of the window.
            """,
            "feelings": """
                I'm fed up and furious
                so mad, and so tired of people like that
            """,
        },
        "test": {
            "comments": """
                He cut the line again and laughed. It annoys me, no, it enrages me!
            """,
            "feelings": """
                ugh, it makes me really mad
                angry, annoyed, and done with all of it
            """,
        },
    },
    ("disapproval", "annoyance"): {
        "train": {
            "comments": """
                Ugh, don't play music on speaker in the bus. It's not okay.
                I'm tired of these ads, and no, tracking kids shouldn't be allowed.
                So irritating, people should not park on the bike lane. It's wrong.
                Stop tagging strangers in your fights. It's annoying and it isn't right.
            """,
            "feelings": """
                ugh, that shouldn't be allowed
                so annoying, and it's just not right
                it bugs me, people should not do that
                I'm fed up, and I don't agree with it at all
            """,
        },
        "dev": {
            "comments": """
                It bugs me that they charge for water. Bad policy, I'm against it.
            """,
            "feelings": """
                irritating, and simply not acceptable
                ugh, I don't approve of that
            """,
        },
        "test": {
            "comments": """
                Ugh, filming at a concert all night long is annoying and should not be allowed.
            """,
            "feelings": """
                it grates on me and it is plain wrong
                so annoying, they should stop doing that
            """,
        },
    },
    ("disgust", "disapproval"): {
        "train": {
            "comments": """
                That's gross, and you should not serve it to kids.
                They dump waste in the lake. It's disgusting and it's wrong.
                Spitting on the street is vile, it should not be legal.
                Yuck. No one should keep a dog in a cage full of its own dirt, it's wrong.
            """,
            "events": """
                that café serves yesterday's meat from the floor
                my neighbor lets his dogs go on the playground
                people here throw their dirty diapers in the river
                the farm keeps its hens in a foot of dung
                a guy at the pool blows his nose in the water
                the canteen scrapes the mold off and sells the cheese
            """,
            "feelings": """
                so gross, and it should not be allowed
                disgusting, this is not okay
                it made me gag, nobody should do that
                yuck, that is wrong in every way
            """,
        },
        "dev": {
            "comments": """
                Feeding them rotten meat is sickening, and I don't support it in any way.
            """,
            "events": """
                they wash the floor and the plates with one rag
                the butcher sneezes on his hands and goes on cutting
            """,
            "feelings": """
                vile, and simply not acceptable to me
                it's sickening and it isn't right
            """,
        },
        "test": {
            "comments": """
                Revolting, nobody should have to work in a kitchen like that. Not acceptable.
            """,
            "events": """
                the school kitchen keeps its waste next to the salad
                hikers leave used toilet paper all along the trail
            """,
            "feelings": """
                revolting, they should shut it down
                gross, and I do not approve
            """,
        },
    },
    ("disgust", "anger"): {
        "train": {
            "comments": """
                They sold us rotten meat and I'm furious, my kid threw up all night.
                What a disgusting man. I'm so angry that I could spit.
                He smeared dog dirt on my car! Gross, and I'm mad as hell.
                It makes me sick how they treat those animals. I want to scream at them.
            """,
            "events": """
                my flatmate spat in my soup for a laugh
                they hid the rotten fish under fresh ice and sold it to us
                the neighbor dumps his cat litter into our well
                somebody smeared dung all over the war memorial
                a man on the tram wiped his nose on my sister's coat
                the home left my grandmother in wet sheets for two days
            """,
            "feelings": """
                disgusting, I'm so mad
                it makes me sick and it makes me angry
                gross, I'm furious
                I gagged, and then I yelled
            """,
        },
        "dev": {
            "comments": """
                The landlord left us with sewage in the tub for a week. Vile, and I'm boiling with rage.
            """,
            "events": """
                the boss made the new girl clean up his vomit
                he put a dead rat in my daughter's school bag
            """,
            "feelings": """
                I'm disgusted and full of rage
                vile, damn them
            """,
        },
        "test": {
            "comments": """
                That creep makes my skin crawl and my blood boil.
            """,
            "events": """
                the restaurant fed our kids meat full of maggots
                someone peed in the box of toys for the orphans
            """,
            "feelings": """
                it turns my stomach and I'm furious
                sickening, I could scream
            """,
        },
    },
}
